"""Functions of a user's that do nothing but compute, and lines that are put in."""

import ast
import functools
from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check.repair import computes, inserted, pure
from nfscratch.check.repair.edit import source


def doubled(a):
    return 2 * a


# --- functions that do nothing but compute ---


@pytest.mark.parametrize(("text", "written"), [
    ("v = a", set()), ("v[0] = a", {"v"}), ("v[0][1] = a", {"v"}), ("v += a", {"v"}), ("v.x = a", {None}),
    ("v.append(a)", {"v"}), ("v.sum()", set()), ("v[0] += a", {"v"}), ("v, w[0] = a", {"w"}), ("f(a)[0] = 1", {None}),
    ("v.insert(0, a)", {"v"}), ("v[0].extend(a)", {"v"}),
])  # fmt: skip
def test_variables_that_are_changed_where_they_lie(text, written):
    assert pure._written_into(list(ast.walk(ast.parse(text)))) == written


@pytest.mark.parametrize(("text", "others"), [
    ("v = table", {"v"}), ("v = table[0]", {"v"}), ("for v in table: pass", {"v"}), ("v = np.zeros(2)", set()),
    ("v = a + b", set()), ("v = [1, 2]", set()), ("v = [table]", {"v"}), ("v = f(a)", {"v"}), ("v: int = table", {"v"}),
    ("(v := table)", {"v"}), ("a = [v for v in table]", {"v"}), ("v, w = table", {"v", "w"}), ("v = -a", set()),
    ("v = np.asarray(a)", {"v"}), ("v = a < b", set()), ("v[0] = table", set()),
])  # fmt: skip
def test_variables_that_may_be_another_name(text, others):
    assert pure._of_others(list(ast.walk(ast.parse(text)))) == others


@pytest.mark.parametrize(("text", "plain"), [
    ("np.log", True), ("half", True), ("len", True), ("print", False), ("f", False), ("inner", True), ("lost", False),
    ("a.sum", True), ("a.T.sum", True), ("a[0].append", True), ("a.tofile", False), ("table.sum", False),
    ("w.sum", True),
    ("own.act", False), ("(lambda: 1)", False), ("f(a).sum", True), ("f(a).write", False), ("np.linalg.inv", True),
])  # fmt: skip
def test_what_a_pure_function_calls(text, plain):
    variables = {"np": onp, "table": {}, "w": onp.ones(2), "own": SimpleNamespace(act=doubled), "half": doubled}
    called = ast.parse(text, mode="eval").body
    assert bool(pure._is_plain(called, variables, {"half"}, {"a", "f"}, {"inner"})) is plain


@pytest.mark.parametrize(("value", "of_library"), [
    (onp, True), (onp.exp, True), (onp.linalg, True), (ast, False), (ast.parse, False), (onp.float64(1.0), False),
    (functools.partial(onp.exp, 1), True), (functools.partial(doubled, 1), False), (onp.vectorize(doubled), False),
    (onp.vectorize(onp.exp), True), (onp.frompyfunc(doubled, 1, 1), False), (None, False), (3, False), (doubled, False),
])  # fmt: skip
def test_what_is_a_librarys_own(value, of_library):
    assert computes.is_of_library(value) is of_library


# --- lines that are put in ---


@pytest.mark.parametrize(("text", "undone"), [
    ("x = y + t", ["x = y - t"]), ("x *= s", ["x /= s"]), ("x = y @ A", []), ("x = f(-s)", ["x = f(s)"]),
    ("x = f(s, 2)", ["x = f(-s, 2)", "x = f(s, -2)"]), ("x = y @ inv(A)", ["x = y @ inv(-A)"]),
    ("x = y[:, g(f(p))]", ["x = y[:, g(p)]", "x = y[:, g(f(-p))]"]), ("x = y ** 2", []),
])  # fmt: skip
def test_a_line_with_one_thing_the_other_way(text, undone):
    given = ast.parse(text).body[0]
    assert [source(new) for new in inserted._undone(given)] == undone and source(given) == text


@pytest.mark.parametrize(("text", "empties"), [
    ("x = np.zeros(3)", True), ("x = np.zeros_like(x)", True), ("y = np.zeros(3)", False), ("x = np.ones(3)", False),
    ("x += np.zeros(3)", False), ("x = zeros", False), ("y, x = np.zeros(2)", True),
])  # fmt: skip
def test_a_line_that_puts_zeros_in_the_place_of_an_argument(text, empties):
    scope = SimpleNamespace(function=ast.parse("def f(self, x): pass").body[0])
    assert inserted._empties(ast.parse(text).body[0], scope) is empties
    assert not inserted._empties(ast.parse(text).body[0], SimpleNamespace(function=None))


def test_a_line_is_taken_up_to_120_characters_and_stands_where_its_statement_does():
    assert [inserted._is_taken(ast.parse("a = " + n * "b").body[0]) for n in (116, 117)] == [True, False]
    assert not inserted._is_taken(ast.parse("f(a)").body[0]) and inserted._is_taken(ast.parse("a += b").body[0])
    given, there = ast.parse("a = (b +\n  c)").body[0], ast.parse("\n\nif x: y").body[0]
    new = inserted._at_line_of(given, there)
    assert {n.lineno for n in ast.walk(new) if hasattr(n, "lineno")} == {3} and new is not given
    assert {n.end_lineno for n in ast.walk(new) if hasattr(n, "lineno")} == {3} and given.lineno == 1
    assert inserted._targets(ast.parse("a, b[k] = c").body[0]) == {"a", "b", "k"}
    assert inserted._targets(ast.parse("a += c").body[0]) == {"a"} and inserted._first_words(there) == "if x"
