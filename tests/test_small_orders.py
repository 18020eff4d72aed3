"""Other permutations for a user's, products of matrices, the words for whole lines, and which values have a share."""

import ast
from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check.repair import factors, of_lines, other_orders, products, relevant
from nfscratch.check.repair.edit import Kind, places, source
from nfscratch.check.repair.other_orders import OtherOrders

# --- other permutations ---


CYCLE = [1, 2, 3, 0]


@pytest.mark.parametrize(("value", "is_one"), [
    (CYCLE, True), (onp.array(CYCLE), True), (onp.array(CYCLE, dtype="uint8"), True), ([1, 2, 0], False),
    ([1, 0, 3, 2], False), ([0, 1, 2, 3], False), ([1, 2, 3, 1], False), ([1, 2, 3, 4], False), (tuple(CYCLE), False),
    ([1.0, 2.0, 3.0, 0.0], False), (onp.array(CYCLE) * 1.0, False), (onp.array([CYCLE]), False), (None, False),
    ([True, 2, 3, 0], False), ([1, 2, 0, 3], True),
])  # fmt: skip
def test_an_order_that_does_not_undo_itself(value, is_one):
    assert other_orders._is_plain_order(value) is is_one


@pytest.mark.parametrize(("value", "is_one"), [
    (onp.eye(3)[[1, 2, 0]], True), (onp.eye(3), False), (onp.eye(3)[[1, 2, 0]] * 2, False), (onp.ones((2, 2)), False),
    (onp.array([[1, 0, 0], [0, 1, 0]]), False), (onp.array([[0.0, 1.0], [0.0, 1.0]]), False), ([[0, 1], [1, 0]], False),
    (onp.eye(3)[[1, 2, 0]] + onp.diag([0.5, 0, 0]), False), (onp.array([1, 0]), False),
])  # fmt: skip
def test_a_matrix_that_turns_columns(value, is_one):
    assert other_orders._is_turn(value) is is_one


def test_an_array_for_reading_alone_cannot_be_exchanged():
    own, kept = onp.array(CYCLE), onp.frombuffer(onp.array(CYCLE, dtype="int64").tobytes(), dtype="int64")
    own.flags.writeable = False
    assert other_orders._can_be_written(own) and not own.flags.writeable and other_orders._can_be_written(CYCLE)
    assert not other_orders._can_be_written(kept) and other_orders._can_be_written(onp.array(CYCLE))


@pytest.mark.parametrize("n", [4, 5, 9])
def test_an_order_that_comes_back_after_as_many_turns_as_it_has_columns(n):
    order = other_orders._of_one_cycle(n, onp.random.default_rng(0))
    turned, turns = order, 1
    while (turned != onp.arange(n)).any():
        turned, turns = order[turned], turns + 1
    assert turns == n and sorted(order.tolist()) == list(range(n))


def reached(*tables, **variables):
    return SimpleNamespace(globals={1: variables}, locals=dict(enumerate(tables)))


def test_orders_are_exchanged_together_and_come_back():
    """Equal ones stay equal, the inverse of one stays its inverse, and all have other cycles than before."""
    old, other = [2, 0, 4, 1, 3], [1, 2, 3, 4, 0]
    order, back = list(old), onp.argsort(old)
    layer, frozen = SimpleNamespace(order=onp.array(old), n=4), onp.array(other)
    frozen.flags.writeable = False
    others = OtherOrders(reached({"a": order, "k": 3}, {"b": (back, 1)}, layer=layer, f=frozen, flip=[3, 2, 1, 0]))
    assert len(others.exchanged) == 4
    with others.standing():
        new = onp.array(order)
        assert order != old and layer.order.tolist() == order and (new[new] != onp.arange(5)).all()
        assert onp.argsort(new).tolist() == back.tolist() and frozen.tolist() != other and not frozen.flags.writeable
    assert order == layer.order.tolist() == old and back.tolist() == onp.argsort(old).tolist()
    assert frozen.tolist() == other and not frozen.flags.writeable
    with pytest.raises(ZeroDivisionError), others.standing():
        raise ZeroDivisionError
    assert order == old


def test_orders_that_stay_as_they_are():
    turn, kept = onp.eye(4)[CYCLE], onp.frombuffer(onp.array(CYCLE, dtype="int64").tobytes(), dtype="int64")
    for more in ({"P": turn}, {"kept": kept}, {"of": [turn]}):
        assert OtherOrders(reached({"order": list(CYCLE)}, **more)).exchanged == []
    assert OtherOrders(reached({"rows": [list(CYCLE)] * 50})).exchanged == []
    assert len(OtherOrders(reached({"rows": [list(CYCLE)] + [0] * 48})).exchanged) == 1
    assert OtherOrders(reached({"f": type("Own", (), {"order": list(CYCLE)})})).exchanged == []


# --- products of matrices ---


@pytest.mark.parametrize(("text", "names"), [
    ("x @ A", set()), ("x @ A @ A", {"A"}), ("x @ A + x @ B", set()), ("z @ (P @ L).T @ P", {"P"}),
    ("x @ A.T @ A", {"A"}),
    ("np.linalg.solve(P, P @ L)", {"P"}), ("inv(A) @ A", {"A"}), ("np.linalg.inv(A) @ B", set()),
    ("pinv(A @ B) @ A", {"A"}), ("x * A * A", set()), ("f(A) @ A", set()), ("self.A @ self.A", {"self.A"}),
    ("self.A @ other.A", set()), ("solve_triangular(A, b, lower=A)", set()), ("f(x @ A @ A)", {"A"}),
    ("for k in range(3):", set()), ("A.copy() @ A", set()), ("A.U @ A", set()),
])  # fmt: skip
def test_a_matrix_that_stands_twice_in_one_product(text, names):
    assert products.repeated_factors(text) == names


# --- words for whole lines ---


def line(text):
    return ast.parse(text).body[0]


@pytest.mark.parametrize(("made", "kind", "lines", "targets", "words"), [
    (lambda: of_lines.left_out(line("a = b")), "LEFT_OUT", ("a = b",), ("a",), "without `a = b`"),
    (lambda: of_lines.exchanged(line("a = b"), line("f(c)")), "EXCHANGED", ("a = b", "f(c)"), ("a", ""),
     "with `a = b` after `f(c)`"),
    (lambda: of_lines.before(line("a += b"), line("c = d = e")), "EXCHANGED", ("a += b", "c = d = e"), ("a", "c, d"),
     "with `a += b` before `c = d = e`"),
    (lambda: of_lines.after(line("a = b"), line("return a")), "EXCHANGED", ("a = b", "return a"), ("a", ""),
     "with `a = b` after `return a`"),
    (lambda: of_lines.at_once(line("a, b = c, d"), line("a = c"), line("b = d")), "AT_ONCE",
     ("a, b = (c, d)", "a = c", "b = d"),
     ("a, b", "a", "b"), "with `a, b = (c, d)` in place of `a = c` and then `b = d`"),
    (lambda: of_lines.put_in(line("a = {1: b}"), "before `c = {2: d}`"), "PUT_IN", ("a = {1: b}",), ("a",),
     "with the line `a = {1: b}` before `c = {2: d}`"),
])  # fmt: skip
def test_the_words_for_a_change_of_whole_lines(made, kind, lines, targets, words):
    found = made()
    assert (found.kind, found.lines, found.words) == (Kind[kind], lines, words)
    assert tuple(t.strip("()") for t in found.targets) == targets


# --- which values have a share ---


@pytest.mark.parametrize(("text", "part", "passed"), [
    ("rows.append(a)", "a", True), ("y = f(a)", "a", False), ("rows.append(a + b)", "a", False), ("f(x=a)", "a", False),
    ("rows.append(g(a))", "a", False),
])  # fmt: skip
def test_a_value_that_is_passed_on(text, part, passed):
    place = next(p for p in places(line(text)) if source(p.node) == part)
    assert relevant._is_passed_on(place) is passed


class Statement:
    """A statement whose edited form is asked for: `refuses` says at which texts Python takes none."""

    def __init__(self, text, refuses=()):
        self.tree, self.refuses = line(text), refuses

    def edited(self):
        if source(self.tree) in self.refuses:
            raise ValueError("none")
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False


def test_the_values_that_move_something_when_they_are_moved():
    statement = Statement("y = (a + b, 3, c)")
    met = [(statement, place) for place in places(statement.tree)]
    seen = []

    def moves():
        seen.append(source(statement.tree))
        return "c * 1.0625" in seen[-1]

    found = relevant._values(met, moves, False)
    assert seen == ["y = ((a + b) * 1.0625 + 0.015625, 3, c)", "y = (a + b, 3, c * 1.0625 + 0.015625)"]
    by_text = {source(p.node): p for _, p in met}
    assert found == {id(by_text["c"].node)} and source(statement.tree) == "y = (a + b, 3, c)"
    assert relevant.is_part(by_text["c"], found) and not relevant.is_part(by_text["a"], found)
    assert relevant.is_part(by_text["a"], {id(by_text["a + b"].node)})
    statement.refuses = {seen[0]}
    for otherwise in (True, False):
        assert (id(by_text["a + b"].node) in relevant._values(met, lambda: False, otherwise)) is otherwise


# --- factors ---


def screen(true, claim, dim=2):
    true = onp.asarray(true, dtype=float)
    loose = onp.full(true.shape, 1e-4)
    return SimpleNamespace(true=true, claim=claim, loose=loose, subject=SimpleNamespace(dim=dim))


@pytest.mark.parametrize(("true", "claim", "gap"), [
    ([1.0, 2.0, 3.0], [0.0, 1.0, 2.0], 1.0), ([1.0, 2.0], [0.0, 1.0], None), ([1.0, 2.0, 3.0], [0.0, 1.0, 2.1], None),
    ([1.0, 2.0, 3.0], [0.0, 1.0, onp.nan], None), ([1.0, 2.0, 3.0], [0.0, 1.0, 2.0 + 9e-5], 1.0),
    ([1.0, 2.0, 3.0], [0.0, 1.0, 2.0 + 1.1e-4], None),
])  # fmt: skip
def test_what_a_log_det_lacks_at_all_points(true, claim, gap):
    found = factors._gap(screen(true, claim))
    assert found is None if gap is None else abs(found - gap) < 1e-4


@pytest.mark.parametrize(("true", "claim", "times"), [
    ([2.0, 4.0, 6.0], [1.0, 2.0, 3.0], 2), ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], None), ([2.0, 4.0], [1.0, 2.0], None),
    ([99.0, 198.0, 297.0], [1.0, 2.0, 3.0], 99), ([100.0, 200.0, 300.0], [1.0, 2.0, 3.0], None),
    ([2.0, 4.0, 6.001], [1.0, 2.0, 3.0], None), ([2.0, 4.0, 6.0], [1.0, 2.0, onp.inf], None),
    ([2.0, 4.0, 6.0], [[1.0, 2.0, 3.0]], None), ([-4.0, -8.0, -12.0], [1.0, 2.0, 3.0], None), ([1.0, 2.0, 3.0],
    [0.0] * 3, None),
])  # fmt: skip
def test_how_many_times_as_large_a_log_det_is_to_be(true, claim, times):
    assert factors._times(screen(true, claim)) == times


def test_logarithms_of_numbers_that_a_function_holds():
    held = [(ast.Name("k"), 3), (ast.Name("s"), -2.0), (ast.Name("one"), 1.0), (ast.Name("w"), 3.0)]
    scope = SimpleNamespace(array_module="np", locals={"x": onp.ones((4, 2)), "row": onp.ones(2)}, held=held)

    def found(gap, dim=2, text="y = w"):
        return [ast.unparse(t) for t in factors._logarithms(gap, dim, scope, factors._held(scope), text)]

    assert found(2 * onp.log(3)) == ["x.shape[1] * np.log(w)", "x.shape[1] * np.log(k)"]
    assert found(-onp.log(3), text="y = k") == ["np.log(k)", "np.log(w)"] and found(onp.log(2)) == ["np.log(-s)"]
    assert found(3 * onp.log(2), dim=3) == ["3 * np.log(-s)"] and found(0.3) == []
    assert found(onp.log(2) + 1.6e-5) == ["np.log(-s)"] and found(onp.log(2) + 1.8e-5) == []


def test_numbers_that_a_function_states():
    function = ast.parse("def f(z):\n    return z[:, 7] / 256.0 + g(z, axis=5) - 0.5 * 1 + 256.0 + 0").body[0]
    assert factors._stated(SimpleNamespace(function=function)) == [("256.0", 256.0), ("0.5", 0.5)]
    assert factors._stated(SimpleNamespace(function=None)) == []
