"""At which places a change is tried, in how many of them at once, and where trying ends."""

import ast

import pytest
from made_scopes import tree

from nfscratch.check.repair import candidates
from nfscratch.check.repair.edit import places, source


def all_of(text, part):
    return [p for p in places(ast.parse(text)) if source(p.node) == part and isinstance(p.node, (ast.expr, ast.stmt))]


def in_function(*lines):
    return "def f(a):\n    " + "\n    ".join(lines)


def test_a_place_is_met_where_a_line_of_it_was():
    """Within a function, and in what a run computes: no default, no decorator, no message."""
    several = in_function("y = g(", "  a + 1,", "  b", ")")
    for text, part, lines, met in (
        (in_function("y = a + 1"), "a + 1", [2], True), (in_function("y = a + 1"), "a + 1", [1, 3], False),
        (several, "g(a + 1, b)", [4], True), (several, "a + 1", [2, 4], False),
        (several, "a + 1", [3], True),
        (several, "g(a + 1, b)", [5], True),
        (several, "g(a + 1, b)", [6], False),
        ("y = a + 1", "a + 1", [1], False),
        ("def f(a=b): pass", "b", [1], False), ("def g():\n    def f(a=b): pass", "b", [2], False),
        ("def g():\n    @d\n    def f(a): pass", "d", [2], False),
        ("def g():\n    def f(a) -> r: pass", "r", [2], False),
        ("def g():\n    class C(B): pass", "B", [2], False), ("def g():\n    y: t = a", "t", [2], False),
        ("def g():\n    y: t = a", "a", [2], True), (in_function("assert a > 1"), "a > 1", [2], False),
        (in_function("assert a > 1"), "assert a > 1", [2], False), (in_function("raise E(a)"), "a", [2], False),
        (in_function("y = f'{a}'"), "a", [2], False), (in_function("import q"), "import q", [2], False),
        ("f = lambda a: a + 1", "a + 1", [1], True), ("f = lambda a=b: a", "b", [1], False),
        (in_function("y = a + 1"), "y", [2], True), (in_function("return a"), "return a", [2], True),
    ):  # fmt: skip
        assert candidates._is_met(all_of(text, part)[0], lines) is met, (text, part, lines)
    argument = next(p for p in places(ast.parse(in_function("return a"))) if isinstance(p.node, ast.arg))
    assert not candidates._is_met(argument, [1])
    load = [p for p in places(ast.parse(in_function("return a"))) if isinstance(p.node, ast.Load)]
    assert [candidates._is_met(p, [2]) for p in load] == [True] and not candidates._is_met(load[0], [1])


def test_what_is_read_may_be_another():
    for text, part, read in (
        ("y = a", "a", True), ("y = a", "y", False), ("y = (a, b)", "(a, b)", True), ("a, b = y", "(a, b)", True),
        ("[a, b] = y", "[a, b]", True), ("a[k] = y", "a[k]", False), ("a.b = y", "a.b", False), ("y = 1", "1", True),
    ):  # fmt: skip
        assert candidates._is_read(all_of(text, part)[0].node) is read, (text, part)


def test_what_a_loop_gives_its_values_to_stays():
    for text, part, turn in (
        ("for i, j in a: pass", "(i, j)", True), ("for k in a: pass", "k", True), ("for k in a: pass", "a", False),
        ("i, j = a", "(i, j)", False), ("for i in (a, b): pass", "(a, b)", False),
        ("for i in a:\n    j, k = i", "(j, k)", False),
    ):  # fmt: skip
        assert candidates._is_turn(all_of(text, part)[0]) is turn, (text, part)


def test_an_edit_that_cannot_be_made_ends_those_of_its_kind():
    def made(error):
        yield 1
        yield 2
        raise error

    for error in (ZeroDivisionError, KeyError, IndexError, TypeError, ValueError, AttributeError, RecursionError):
        assert list(candidates.until_one_raises(made(error))) == [1, 2], error
    assert list(candidates.until_one_raises(iter([1, 2]))) == [1, 2]
    for error in (MemoryError, SystemExit):
        with pytest.raises(error):
            list(candidates.until_one_raises(made(error)))


def everywhere(text, part, new, which=0):
    twins = all_of(text, part)
    module = twins[0].above[0]
    found = []
    for edit in candidates._in_all_places(twins[which].exchanged(tree(new)), twins[which], twins):
        assert edit.lines == tuple(p.line for p in twins) and len(edit.also) == len(twins) - 1
        with edit.done():
            found.append(ast.unparse(module))
    return found


def test_an_expression_is_exchanged_wherever_it_stands():
    """The first of its places asks for it; two of one list are exchanged together nowhere."""
    for text, part, new, made in (
        ("y = a + a", "a", "b", ["y = b + b"]), ("y = f(a) + a", "a", "b", ["y = f(b) + b"]),
        ("y = a + f(a)", "a", "b", ["y = b + f(b)"]), ("y = f(a, a)", "a", "b", []), ("y = a", "a", "b", []),
        ("y = f(a) + f(a)", "f(a)", "f(a).T", ["y = f(a).T + f(a).T"]),
        ("y = (a, b) + (a, c)", "a", "d", ["y = (d, b) + (d, c)"]),
        ("y = f(a, b) + g(c, a)", "a", "d", ["y = f(d, b) + g(c, d)"]),
        ("y = a\nz = a + 1\nw = f(a)", "a", "b", ["y = b\nz = b + 1\nw = f(b)"]),
    ):  # fmt: skip
        assert everywhere(text, part, new) == made, text
        if len(all_of(text, part)) > 1:
            assert everywhere(text, part, new, 1) == [], text


def test_one_thing_is_no_other_where_it_stands_again():
    """A number that is an index, and a minus that comes to a minus."""
    for text, part, new, made in (
        ("y = 1 + a[1]", "1", "2", 0), ("y = a[1] + b[1]", "1", "2", 1), ("y = 1 + a * 1", "1", "2", 1),
        ("y = k + a[k]", "k", "j", 1), ("y = s - -s", "s", "-s", 0), ("y = s - -s", "s", "2", 1),
        ("y = s + s", "s", "-s", 1),
        ("y = 2 - -2", "2", "-1", 0), ("y = s - -s", "s", "~s", 1), ("y = s - ~s", "s", "-s", 0),
    ):  # fmt: skip
        assert len(everywhere(text, part, new)) == made, (text, new)
    place = all_of("y = 2 - -2", "2")
    for value, no in ((-1, True), (-0.5, True), (1, False), (0, False), ("-", False)):
        assert candidates._is_no_one_thing(place[0].node, ast.Constant(value), place) is no, value
    assert candidates._is_no_one_thing(place[0].node, tree("1"), place) is False
