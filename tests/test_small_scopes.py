"""What the variables of a function may stand for, what its objects hold, and which orders stand in the way of masks."""

import ast

import numpy as onp
import pytest

from nfscratch.check.repair import between, masks, names, nothing, orders, scope
from nfscratch.check.repair.edit import places, source
from nfscratch.check.repair.scope import Scope


def scope_of(function=None, module=(), named=(), **held):
    made = object.__new__(Scope)
    made.function, made.module, made.locals, made.met = function, dict(module), held, set()
    made.named, made.file, made.pool = {*named, *made.module}, __file__, []
    return made


@pytest.mark.parametrize(("value", "like"), [
    ([1, 0], ("numbers", 1)), ((2, 0, 1), ("numbers", 1)), ([1], None), ([1.0, 0.0], None), ([True, False], None),
    (3, ("numbers", 0)), (onp.ones(2), ("numbers", 1)), (len, "callable"), ("ab", None), ([], None),
])  # fmt: skip
def test_a_row_of_whole_numbers_is_like_an_array(value, like):
    assert scope.like_what(value) == like


@pytest.mark.parametrize(("value", "is_one"), [
    (2, True), (0.5, True), (-3.0, True), (onp.float64(2.0), True), (1, False), (-1.0, False), (0, False), (0.0, False),
    (True, False), (onp.bool_(True), False), (onp.inf, False), (onp.nan, False), (onp.ones(2), False), ("2", False),
    (None, False), (onp.int64(5), True),
])  # fmt: skip
def test_a_number_that_can_stretch(value, is_one):
    assert scope.is_scale(value) is is_one


class Layer:
    kind = "layer"

    def __init__(self, **held):
        vars(self).update(held)

    def forward(self, z):
        return z

    def inverse(self, x):
        return x

    def __len__(self):
        return 2


def test_what_objects_and_tables_of_a_function_hold():
    layer, array = Layer(order=[1, 0], w=onp.ones(2)), onp.ones(3)
    vars(layer)["no name"] = 1
    small, large = {f"k{k}": k for k in range(12)}, {f"k{k}": k for k in range(13)}
    held = scope_of(
        module={"t": small, "u": large, "np": onp, "f": len}, me=layer, a=array, rows={1: 2.0, "s": 3.0}, n=5
    )
    found = {source(node): value for node, value in held.held}
    assert (
        found["me.order"] == [1, 0] and found["me.w"] is layer.w and found["a"] is array and found["rows['s']"] == 3.0
    )
    assert found["t['k11']"] == 11 and "u['k0']" not in found and "rows[1]" not in found and "me.no name" not in found
    assert found["n"] == 5 and not any(text.startswith(("np.", "a.", "f.")) for text in found)
    assert not any("kind" in text or "forward" in text for text in found)
    unnamed = scope_of(n=1)
    unnamed.module = {"t": small}
    assert [source(node) for node, _ in unnamed.held] == ["n"]


def test_attributes_that_may_stand_for_one_another():
    layer = Layer(w=onp.ones(2), v=onp.zeros(2), n=3)
    held = names._attributes(layer)
    assert set(held) == {"w", "v", "n", "forward", "inverse"}
    assert names._like("w", held) == ["v"] and names._like("forward", held) == ["inverse"]
    assert names._like("n", held) == names._like("lost", held) == []
    assert names._attributes(onp.ones(2)) == names._attributes(3.0) == names._attributes("a") == {}
    assert names._attributes(Layer()) == {}  # it holds nothing
    place = next(p for p in places(ast.parse("y = me.w")) if source(p.node) == "me.w")
    assert [source(new) for new in names.other_names(place, scope_of(me=layer))] == ["me.v"]


@pytest.mark.parametrize(("text", "value"), [
    ("k + 1", 3), ("np.sum(x)", 3.0), ("x[k]", None), ("f(k)", None), ("lost", None), ("x.sum() + k", 5.0),
    ("len(x)", 2),
])  # fmt: skip
def test_the_value_of_an_expression_that_calls_nothing_new(text, value):
    def f(a):
        return a

    held = scope_of(module={"np": onp, "f": f}, k=2, x=onp.array([1.0, 2.0]))
    found = held.evaluated(ast.parse(text, mode="eval").body)
    assert found is None if value is None else found == value
    held.met = {id(f.__code__)}
    assert held.evaluated(ast.parse("f(k)", mode="eval").body) == 2


def test_a_function_that_comes_back_to_itself():
    users = {}
    text = "def outer(a): return inner(a)\ndef inner(a): return outer(a)\ndef other(a): return a"
    exec(compile(text, __file__, "exec"), users)
    held = scope_of(ast.parse(text).body[0], module={name: users[name] for name in ("outer", "inner", "other")})
    assert [held.comes_back(name) for name in ("outer", "inner", "other", "lost")] == [True, True, False, False]


def test_the_name_by_which_numpy_goes():
    import cmath
    import math

    assert scope_of(module={"math": math, "np": onp, "q": ast}).array_module == "np"
    assert scope_of(module={"math": math, "cmath": cmath}).array_module == "math"
    assert scope_of(module={"q": ast, "n": 3}).array_module is None


@pytest.mark.parametrize(("value", "n", "is_one"), [
    ([1, 0, 2], 3, True), (onp.array([1, 0]), 2, True), ((0.0, 1.0), 2, True), ([1, 0], 3, False), ([1, 1], 2, False),
    ([1, 2], 2, False), ([0.5, 1.0], 2, False), ([0, onp.inf], 2, False), (["a", "b"], 2, False), ({0, 1}, 2, False),
    (range(2), 2, False), ([], 0, True), (onp.eye(2), 2, False), ([-1, 0], 2, False),
])  # fmt: skip
def test_what_holds_each_number_of_a_column_once(value, n, is_one):
    assert orders.is_order(value, n) is is_one


@pytest.mark.parametrize(("before", "after", "repeats"), [
    ("mask * s, t", "mask * s, mask * t", True), ("mask * s, t", "mask * s, t * mask", False),
    ("s * mask, t", "s * mask, t * mask", True), ("(1 - m) * s, t", "(1 - m) * s, (1 - m) * t", True),
    ("mask * s", "mask * t", False), ("s, t", "s, mask * t", False), ("mask * s, mask * t", "mask * s, t", False),
])  # fmt: skip
def test_a_factor_stands_once_more(before, after, repeats):
    assert masks.repeats_factor(before, after) is repeats


@pytest.mark.parametrize(("before", "after", "repeats"), [
    ("np.where(m, 0, s), t", "np.where(m, 0, s), np.where(m, 0, t)", True),
    ("np.where(m, 0, s)", "np.where(q, 0, s)", False),
    ("np.where(m, 0, s), t", "np.where(m, 0, s), np.where(q, 0, t)", False), ("s", "np.where(m, 0, s)", False),
])  # fmt: skip
def test_a_condition_stands_once_more(before, after, repeats):
    assert masks.repeats_condition(before, after) is repeats and masks.is_of_masks(before, after) is repeats


@pytest.mark.parametrize(("before", "after", "turned"), [
    ("np.where(m, a, b)", "np.where(m, b, a)", True), ("f(np.where(m, a, b), c)", "f(np.where(m, b, a), c)", True),
    ("np.where(m, a, b)", "np.where(m, b, c)", False), ("where(m, a, b)", "where(m, b, a)", False),
    ("f(m, a, b)", "f(m, b, a)", False),
    ("np.where(m, a, b)", "np.where(a, m, b)", False), ("for k in a:", "for k in b:", False),
    ("np.where(m, a)", "np.where(m, a)", False),
])  # fmt: skip
def test_the_values_of_a_condition_are_exchanged(before, after, turned):
    assert masks.turns_mask(before, after) is turned


@pytest.mark.parametrize(("before", "after", "otherwise"), [
    ("a > b", "a >= b", True), ("a > b", "a < b", True), ("a > b", "a > b", False), ("a > b", "b < a", False),
    ("a > b, c < d", "a > b, c <= d", True), ("a", "b", False),
])  # fmt: skip
def test_a_comparison_alone_is_another(before, after, otherwise):
    assert masks.compares_otherwise(before, after) is otherwise


@pytest.mark.parametrize(("line", "says"), [
    ("a - a", True), ("a / a", True), ("a + 0", True), ("a - 0", True), ("0 * a", True), ("a * 0", True),
    ("a * 0.0", True),
    ("0 + a", False), ("0 - a", False), ("a ** 0", False), ("a / 0", False), ("a * False", False), ("a + b", False),
    ("a if k else a", True), ("a if k else b", False), ("f(size=(0, D))", True), ("f(shape=[D, 0])", True),
    ("f(size=D)", False), ("f(out=(0, D))", False), ("(1 - m) * (m * t)", True), ("(1.0 - m) * (m * t)", True),
    ("(1 - m) * (n * t)", False), ("a + a", True), ("a * a", False), ("for k in a:", False),
])  # fmt: skip
def test_a_line_that_says_nothing(line, says):
    assert nothing.says_nothing("q", line) is says and nothing.says_nothing(line, line) is False
    assert nothing.says_nothing(line, "q") is False


def test_values_that_are_met_on_the_way_back():
    z, x = onp.zeros(2), onp.ones(2)
    same = lambda *values: [onp.full(2, v) for v in values]  # noqa: E731
    assert between._missed_and_met(same(0.0, 1.0, 3.0, 5.0), (z, x), same(5.0, 7.0), 1e-5) == (1, 1)
    assert between._missed_and_met(same(3.0, onp.nan), (z, x), same(3.0 + 3.9e-5), 1e-5) == (0, 1)
    assert between._missed_and_met(same(3.0), (z, x), same(3.0 + 4.1e-5), 1e-5) == (1, 0)
    assert not between._same(onp.ones(2), onp.ones(3), 1.0) and between._missed_and_met([], (z, x), [], 1e-5) == (0, 0)


def test_the_values_that_a_variable_has_one_after_the_other():
    def run(z):
        h = z + 1
        n = onp.ones(3)
        h = h * 1
        h = 2 * h
        k = onp.zeros(2, dtype=int)
        return h, n, k

    found, result = between._values(lambda: run(onp.ones(2)), (2,), lambda frame: True)
    values = {name: [v.tolist() for v in row] for (code, name), row in found.items() if code is run.__code__}
    assert values == {"z": [[1.0, 1.0]], "h": [[2.0, 2.0], [4.0, 4.0]]} and result[0].tolist() == [4.0, 4.0]
