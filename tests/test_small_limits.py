"""How many of each kind of change a search tries at one place, and how long what it takes over may be."""

import ast
from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check.repair import (
    conditions,
    flags,
    forms,
    lacking,
    matrices,
    names,
    operands,
    orders,
    statements,
    terms,
)
from nfscratch.check.repair.edit import places, source
from nfscratch.check.repair.scope import Scope


def scope_of(function=None, module=(), **held):
    """The variables of a function, made by hand."""
    scope = object.__new__(Scope)
    scope.function, scope.module, scope.locals, scope.met = function, {"np": onp, **dict(module)}, held, set()
    scope.named, scope.file, scope.pool = set(scope.module), __file__, []
    return scope


def many(count, value, name="v"):
    return {f"{name}{k}": value for k in range(count)}


def place_in(text, part):
    return next(p for p in places(ast.parse(text)) if source(p.node) == part)


def made(look, text, part, *rest):
    return [source(ast.fix_missing_locations(new)) for new in look(place_in(text, part), *rest)]


def called(name):
    """A function of one argument, as the users write them."""
    return eval(compile(f"lambda a: {name}", __file__, "eval"))


ROW, TABLE = onp.arange(2.0), onp.ones((3, 2))
ORDER = onp.array([1, 0])


@pytest.mark.parametrize(("look", "text", "part", "held", "count"), [
    (names.indexed, "y = x", "x", {"x": ROW, **many(9, 1)}, 4),
    (names.overwritten, "y = x[0:2]", "x[0:2]", many(9, ROW) | {"x": TABLE[:2]}, 1),
    (names.overwritten, "y = x[0:2]", "x[0:2]", many(9, ROW) | {"x": ROW}, 6),
    (names.local_arrays, "y = a + b", "a + b", many(30, ROW), 20),
    (names.other_tables, "y = x[0]", "x[0]", many(12, ROW) | {"x": ROW.copy()}, 8),
    (orders.in_order, "y = x", "x", many(6, ORDER) | {"x": TABLE}, 8),
    (orders.of_moved_columns, "y = x", "x", many(6, ORDER) | {"x": ROW}, 8),
    (orders.slices_of_orders, "y = x[:k]", ":k", many(6, ORDER), 4),
    (matrices.inverted, "y = x", "x", many(9, onp.eye(2)) | {"x": TABLE}, 12),
    (terms.straight, "y = 0", "0", many(3, 0.5), 6),
])  # fmt: skip
def test_so_many_are_tried_at_one_place(look, text, part, held, count):
    assert len(made(look, text, part, scope_of(**held))) == count


def test_rows_of_tables_that_a_variable_counts():
    held = many(6, TABLE) | many(5, 1, "k") | {"s": ROW}
    found = made(names.other_names, "y = s", "s", scope_of(**held))
    assert len([text for text in found if "[" in text]) == 4 * 3


@pytest.mark.parametrize(("sizes", "found"), [
    ({"n": 2, "m": 49, "k": 5, "j": 7}, ["n", "m", "k"]), ({"n": 1, "m": 50, "x": TABLE}, ["2"]), ({"n": True}, []),
    ({"x": TABLE, "y": onp.ones((3, 4))}, ["2"]), ({"n": 3.0}, []),
])  # fmt: skip
def test_how_many_columns_there_are(sizes, found):
    assert [source(node) for node in terms._sizes(scope_of(**sizes))] == found


def test_functions_of_one_argument():
    users = {f"f{k}": called(f"f{k}") for k in range(8)}
    scope = scope_of(module=users)
    assert terms._of_one_argument(scope) == [f"f{k}" for k in range(6)]
    scope = scope_of(ast.parse("def f0(a): pass").body[0], module=users)  # it would call itself
    assert terms._of_one_argument(scope) == [f"f{k}" for k in range(1, 7)]
    assert terms._of_one_argument(scope_of(module={"two": eval("lambda a, b: 1")})) == []


def test_pairs_of_counts_beside_a_term():
    def products(held):
        return [text for text in made(terms.joined, "y = q", "q", scope_of(**held)) if text.count("*") == 2]

    assert products({"h": 4, "w": 5, "one": 1, "s": 2.0}) == ["q * (h * w)"]
    assert len(products(many(9, 3))) == 28  # of eight


def test_what_undoes_a_function_that_is_called():
    scope = scope_of()
    scope.named = {"sinh", "log1p", "exp", "tanh", "cosh", "f"}
    assert terms._undoing(scope) == ["arccosh", "cosh", "expm1", "log1p", "arcsinh", "sinh", "arctanh"]


def test_conditions_and_flags():
    held = many(6, onp.array([True, False]), "m") | many(9, ROW)
    found = made(conditions.chosen, "y = q", "q", scope_of(**held))
    assert len(found) == 4 * (1 + 6 + 1) * 2  # what y was before, six others and 0
    function = ast.parse("def f(a, b, c, d):\n    if a and b and c: pass").body[0]
    assert flags._flags(scope_of(function, a=True, b=False, c=True, d=True)) == ["a", "b"]
    assert flags._flags(scope_of(function, a=1, b=None, c=True, d=True)) == ["c"] and flags._flags(scope_of()) == []


@pytest.mark.parametrize(("length", "count"), [(60, 1), (61, 0)])
def test_a_form_has_at_most_60_characters(length, count):
    name = "s" * (length - len("np.log()"))
    scope = scope_of(**{name: ROW})
    beside = [ast.parse(f"np.log({name})", mode="eval").body]
    assert len(list(forms.forms_beside(place_in("y = t", "t"), beside, scope))) == count
    text = f"y = v[0] if {'c' * (length - 15)} else v"
    assert len(forms.turned_forms([(p, None) for p in places(ast.parse(text))])) == count


@pytest.mark.parametrize(("length", "found"), [(30, True), (31, False)])
def test_a_factor_has_at_most_30_characters(length, found):
    function = ast.parse(f"def f(a):\n    return a * {'s' * length}").body[0]
    assert bool(forms._factors_of(function)) is found
    several = ast.parse("def f(a):\n" + "".join(f"    a = a * s{k}\n" for k in range(14))).body[0]
    assert len(forms._factors_of(several)) == 12


def test_what_one_function_alone_reads():
    there, here = scope_of(**many(9, 0.5)), scope_of(x=ROW)
    there.function, here.function = ast.parse("def f(a): pass").body[0], ast.parse("def g(a): pass").body[0]
    text = "y = a * 0.1 + 0.2 + 0.3 + 0.4 + 0.6 + 0.7 + 0.8 + 0.5 + 2.0 + 10.0 + 9.9 + 3"
    found = lacking.Lacking([(p, there) for p in places(ast.parse(text))])
    assert sorted(source(node) for node, _ in found.alone) == ["0.1", "0.2", "0.3", "0.4", "0.6", "0.7", "0.8", "9.9"]
    assert len(list(found.beside(place_in("y = x", "x"), here))) == 6 * 6
    assert list(found.beside(place_in("y = x", "x"), there)) == []
    assert list(found.beside(place_in("y = x", "x"), scope_of(x=onp.float64(1.0)))) == []


@pytest.mark.parametrize(("lines", "count"), [(16, 5), (17, 0)])
def test_a_line_moves_in_a_block_of_at_most_16(lines, count):
    text = "\n".join(f"a{k} = {k}" for k in range(lines))
    assert len(list(statements.moved_further(place_in(text, "a0 = 0")))) == count


def test_operands_of_each_kind():
    text = "def f(x):\n" + "".join(f"    a{k} = b{k}\n" for k in range(60))
    tree = ast.parse(text)
    met = list(places(tree))
    held = many(30, ROW, "w")
    found = [source(n) for n in operands.operands(met, tree.body[0], scope_of(**held))]
    assert found == [f"b{k}" for k in range(48)] + [f"w{k}" for k in range(24)]
    other = ast.parse("def g(z):\n" + "".join(f"    a{k} = np.sin(z) + {k} * w0\n" for k in range(30)))
    met += list(places(other))
    theirs = [source(n) for n in operands.operands(met, tree.body[0], scope_of(w0=ROW))][49:]
    assert (len(theirs) == 24 and theirs[0] == "np.sin(x) + 0 * w0") or "np.sin(x)" in theirs
    assert operands._of_shape(ROW, "w0", many(9, ROW, "w")) == ["w1", "w2", "w3", "w4"]
    assert (
        operands._of_shape(onp.array(1.0), "a", {"b": onp.array(1.0)}) == operands._of_shape(1.0, "a", {"b": 1.0}) == []
    )
    assert operands._of_shape(ROW, "a", {"b": TABLE, "c": [0.0, 1.0]}) == []


@pytest.mark.parametrize(("text", "inverted"), [
    ("exp(s)", ["exp(-s)"]), ("np.exp(-s)", ["np.exp(s)"]), ("torch.special.exp(s)", ["torch.special.exp(-s)"]),
    ("np.exp(s, out=a)", ["np.exp(-s, out=a)"]), ("np.exp2(s)", []), ("np.exp(s, a)", []),
    ("np.exp(+s)", ["np.exp(-+s)"]),
])  # fmt: skip
def test_an_exponential_with_the_other_sign(text, inverted):
    assert [found for found, _ in operands._inverted({"": ast.parse(text, mode="eval").body})] == inverted


@pytest.mark.parametrize(("part", "words"), [
    ("a = 1", ["after `c = 3`", "after `d = 4`"]), ("b = 2", ["after `d = 4`"]), ("c = 3", ["before `a = 1`"]),
    ("d = 4", ["before `a = 1`", "before `b = 2`"]),
])  # fmt: skip
def test_where_a_line_is_moved_to(part, words):
    found = statements.moved_further(place_in("a = 1\nb = 2\nc = 3\nd = 4", part))
    assert [edit.of_lines.words for edit in found] == [f"with `{part}` {each}" for each in words]


@pytest.mark.parametrize(("text", "kept"), [
    ("own", False), ("own.w", True), ("own.f", False), ("W", True), ("f", False), ("lost", False), ("x", False),
    ("own.lost", False), ("0.3", True),
])  # fmt: skip
def test_what_an_object_or_a_module_keeps(text, kept):
    own = SimpleNamespace(w=ROW, f=len)
    scope = scope_of(module={"W": TABLE, "f": called("f")}, own=own, x=ROW)
    assert lacking._is_kept(ast.parse(text, mode="eval").body, scope) is kept
