"""Rows, lines and columns that went astray: which look is asked with what, and each bound from both sides."""

from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import (
    wrong_columns,
    wrong_contraction,
    wrong_edges,
    wrong_inverse,
    wrong_line_search,
    wrong_rows,
)

# --- rows ---


def test_the_first_row_alone_is_compared_with_the_first_of_the_whole():
    apply = lambda which, a, rows: ("x", onp.array([5e-9])) if which == "forward" and len(a) == 1 else None  # noqa: E731
    trial = SimpleNamespace(input=lambda which: onp.zeros((2, 1)), apply=apply)
    assert not wrong_rows._is_of_first_row(trial, "forward", onp.array([0.0, 1e9]))
    assert wrong_rows._is_of_first_row(trial, "forward", onp.array([5e-9, 1e9]))
    assert wrong_rows._is_of_first_row(trial, "forward", onp.array([9.0 + 0.9e-8, 0.0])) is False


@pytest.mark.parametrize(("rows", "n", "which", "result", "remembers", "name"), [
    (3, 3, "forward", 0, True, "DEPENDS_ON_CALLS"), (3, 3, "forward", 0, False, "PLACE_IN_BATCH"),
    (3, 3, "log_prob", 0, False, "PLACE_IN_BATCH"), (1, 1, "log_prob", 0, True, "DEPENDS_ON_BATCH"),
    (1, 1, "forward", 0, True, "among"), (2, 3, "forward", 0, True, "among"),
    (2, 3, "forward", 1, True, "DEPENDS_ON_BATCH"), (2, 3, "log_prob", 0, True, "DEPENDS_ON_BATCH"),
])  # fmt: skip
def test_what_a_row_depends_on(rows, n, which, result, remembers, name, monkeypatch):
    """All rows in another order; or some of them, of x or of a log_det."""
    monkeypatch.setattr(wrong_rows, "_remembers", lambda trial, of: remembers and of == which)
    monkeypatch.setattr(wrong_rows, "_among_rows", lambda trial, of: "among" if of == which else None)
    found = wrong_rows._of_rows("trial", {"rows": list(range(rows)), "which": result}, which, n)
    assert found == ("among" if name == "among" else Mistake[name])


@pytest.mark.parametrize("size", [0.0, 9.0, -9.0])
@pytest.mark.parametrize(("off", "name"), [
    (1.1e-6, "DEPENDS_ON_CALLS"), (-1.1e-6, "DEPENDS_ON_CALLS"), (0.9e-6, "DEPENDS_ON_BATCH"),
])  # fmt: skip
def test_a_result_that_changes_with_the_call_before(size, off, name, monkeypatch):
    """The other direction leaves a number behind, at its own points and at half of them."""
    left, a, b = [], onp.full((3, 1), size), onp.array([[1.0], [2.0], [4.0]])
    other = lambda batch: left.append(batch[:, 0].tolist())  # noqa: E731
    one = lambda batch, *rows: (batch + off * (1 + abs(size)) * (len(left) - 1) * (batch == size),)  # noqa: E731
    monkeypatch.setattr(wrong_rows, "_uses_statistics", lambda result, given, right: False)
    assert wrong_rows._among(one, a, other, b) is Mistake[name]
    assert left == [[1, 2, 4], [2, 1, 0.5]]


@pytest.mark.parametrize(("change", "twice", "uses"), [
    (1.0, 0.099, True), (1.0, 0.101, False), (1.0, -0.101, False), (1.1e-6, 0.0, True), (0.9e-6, 0.0, False),
    (-1.1e-6, 0.0, True),
])  # fmt: skip
def test_rows_that_come_twice_have_the_same_statistics(change, twice, uses):
    """Off by less than a tenth of what the first row's result changes with the other rows."""
    a = onp.array([[1.0], [2.0], [4.0]])

    def result(batch, *rows):
        if rows:
            assert batch[:, 0].tolist() == [1, 2, 4, 1, 2, 4] and rows[0].tolist() == [0, 1, 2, 0, 1, 2]
            return onp.array([[1.0], [2.0], [4.0 + twice], [9.0], [9.0], [9.0]])
        assert batch[:, 0].tolist() == pytest.approx([1, 1.1, 2.1])
        return onp.array([[1.0 + change], [50.0], [50.0]])

    assert wrong_rows._uses_statistics(result, a, a.copy()) is uses


# --- searches along a line ---

A = onp.array([4.0, 0.0])
X, Z, BACK = (onp.array([[v, 0.0], [w, 0.0]]) for v, w in ((4.0, 0.0), (2.0, 3.0), (3.0, 4.5)))


@pytest.mark.parametrize(("newton", "ends", "name"), [
    (A, (), "TOO_FEW_STEPS"), (0 * A, (), "TOO_FEW_STEPS"), (None, (0,), "END_OF_BRACKET"),
    (None, (1,), "END_OF_BRACKET"), (None, (), None),
])  # fmt: skip
def test_what_is_asked_of_a_map_that_moves_along_a_line(newton, ends, name, monkeypatch):
    """w is the first axis; of the number that is looked for the second row tells nothing."""
    asked = []

    def is_newton(c, w, a, found, start):
        assert a.tolist() == [4, 0] and found.tolist() == [3, 4.5]
        return newton is not None and start.tolist() == newton.tolist()

    def is_end(s, a, right):
        asked.append((s.tolist(), a.tolist(), right.tolist()))
        return len(asked) - 1 in ends

    monkeypatch.setattr(wrong_line_search, "_direction", lambda c: c.w)
    monkeypatch.setattr(wrong_line_search, "_is_newton", is_newton)
    monkeypatch.setattr(wrong_line_search, "_number", lambda c, w, moved: 10 * moved)
    monkeypatch.setattr(wrong_line_search, "_tells", lambda c, w, s: onp.array([True, False]))
    monkeypatch.setattr(wrong_line_search, "_is_end", is_end)
    c = SimpleNamespace(x=X, z=Z, back=BACK, w=onp.array([1.0, 0.0]))
    found = wrong_line_search.line_search(c)
    assert found is (Mistake[name] if name else None)
    looks = [([3, 4.5], [4, 0], [2, 3]), ([10], [4], [2])]
    assert asked == ([] if newton is not None else looks[: 1 if 0 in ends else 2])
    c.w = None
    assert wrong_line_search.line_search(c) is None


@pytest.mark.parametrize(("value", "moved", "linear", "single"), [
    (0.9e-6, 0.9e-6, False, True), (1.1e-6, 0.0, False, False), (0.0, 1.1e-6, False, False),
    (0.0, 0.0, True, False),
])  # fmt: skip
@pytest.mark.parametrize("size", [1.0, 100.0])
def test_a_map_moves_along_one_line_to_a_millionth(value, moved, linear, single, size):
    J = (onp.eye(2) + size * onp.diag([1.0, value]))[None]
    c = SimpleNamespace(J=J, dim=2, is_linear=linear, z=onp.zeros((2, 2)), x=size * onp.diag([1.0, moved]))
    w = wrong_line_search._direction(c)
    assert (w is not None) is single and (w is None or onp.abs(w).tolist() == [1, 0])


def answers(monkeypatch, *numbers):
    """g, asked once after another."""
    given = iter(numbers)
    monkeypatch.setattr(wrong_line_search, "_g", lambda c, w, s: onp.full(1, next(given)))


@pytest.mark.parametrize("off", [1.0, 50.0])
@pytest.mark.parametrize(("share", "missed", "seen"), [
    (1.1, 0.0, True), (0.9, 0.0, False), (-1.1, 0.0, True), (500, 0.9, True), (500, 1.1, False),
])  # fmt: skip
def test_an_iterate_counts_while_it_is_off_by_more_than_a_thousandth(share, missed, seen, off, monkeypatch):
    """The right number is 0 and `off` was found; the first step comes to a share, and gives what was found, or not."""
    c = SimpleNamespace(z=onp.zeros((1, 2)))
    s = share * 1e-3 * off
    answers(monkeypatch, 5 - s, 0.0, 0.0, 5 - off * (1 + missed * 1e-3), 5.0, 0.0, 0.0)
    one = onp.full(1, 1.0)
    assert wrong_line_search._is_newton(c, onp.ones(2), 5 * one, off * one, one) is seen


@pytest.mark.parametrize(("rise", "tells"), [(1e-3 * 2 * 1e-4, False), (1.001e-3 * 2 * 1e-4, True)])
def test_a_slope_of_a_thousandth_tells_nothing(rise, tells, monkeypatch):
    for both in ((rise, 0.0), (0.0, rise)):
        answers(monkeypatch, *both)
        assert wrong_line_search._tells(None, None, 0.0).tolist() == [tells]


# --- columns ---


def test_halves_that_change_places_or_are_dealt():
    assert [h.tolist() for h in wrong_columns._halves(5)] == [
        [3, 4, 0, 1, 2], [2, 3, 4, 0, 1], [0, 2, 4, 1, 3], [1, 3, 0, 2, 4], [0, 3, 1, 4, 2], [2, 0, 3, 1, 4]
    ]  # fmt: skip


@pytest.mark.parametrize(("shift", "name"), [(1, "PERMUTATION"), (2, "HALVES_SWAPPED"), (3, "PERMUTATION")])
def test_the_second_of_four_powers_may_be_two_halves(shift, name, monkeypatch):
    monkeypatch.setattr(wrong_columns, "Aligned", SimpleNamespace)
    roll = lambda k: onp.roll(onp.arange(4), k)  # noqa: E731
    J = onp.stack([2 * onp.eye(4)] * 2)
    c = SimpleNamespace(trial=SimpleNamespace(order=roll(1)), dim=4, J=J, kept=onp.zeros(4, dtype=bool))
    assert wrong_columns._name_of_order(c, roll(shift)) is Mistake[name]
    c.J = onp.stack([onp.eye(4)] * 2)
    assert wrong_columns._name_of_order(c, roll(shift)) is Mistake.PERMUTATION


class OwnError(IndexError):
    """As a library may have it."""


@pytest.mark.parametrize(("raised", "told"), [(OwnError, True), (IndexError, True), (LookupError, False)])
def test_any_kind_of_index_error_may_come_at_an_end(raised, told, monkeypatch):
    monkeypatch.setattr(
        wrong_edges, "_raises_only_at", lambda trial, way, low, high: (way, low, high) == ("inverse", 0, 1)
    )
    trial = SimpleNamespace(subject=SimpleNamespace(ends=lambda way: (0, 1)))
    case = SimpleNamespace(trial=trial, finding=SimpleNamespace(evidence={"raised_by": raised}))
    assert wrong_edges.raises_at_end(case) is told


@pytest.mark.parametrize(("entry", "name"), [(1e-7, "COLUMN_SKIPPED"), (1.1e-7, "TOO_FEW_PASSES")])
def test_a_variable_that_another_looks_at_has_passes(entry, name):
    back = onp.stack([onp.eye(2)] * 3)
    back[1, 1, 0] = -entry
    x = onp.array([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]])

    class Trial(SimpleNamespace):
        def __len__(self):
            return len(self.x)

    trial = Trial(x=x, numeric_back=(back,), J=onp.stack([onp.diag([1.0, 0.0])] * 3))
    assert wrong_edges._of_constant_columns(trial) is Mistake[name]
    trial.J[2, 0, 1] = 1e-9
    assert wrong_edges._of_constant_columns(trial) is (None if name == "COLUMN_SKIPPED" else Mistake[name])
    trial.x = x[:1]
    assert wrong_edges._of_constant_columns(trial) is None


# --- iterations, and what applies forward ---


@pytest.mark.parametrize("off", [1.0, 20.0])
@pytest.mark.parametrize(("comes", "found"), [
    ((1 + 0.9e-3,), True), ((1 + 1.1e-3, 0.0), False), ((1 - 0.9e-3,), True), ((1 - 1.1e-3, 0.0), False),
    ((0.0101, 1.0), True), ((0.0099, 1.0), False), ((-0.0101, 1.0), True), ((7.0, 5.0, 3.0, 1.0), True),
])  # fmt: skip
def test_an_iterate_is_met_before_the_solution_is(comes, found, off, monkeypatch):
    """z is 0, and z' is `off`; the iterates come to these shares of it."""
    at = onp.zeros((1, 1))
    there = iter([off * share for share in comes])
    monkeypatch.setattr(wrong_contraction, "_step", lambda c, z: z - next(there))
    c = SimpleNamespace(x=at + 9.0, z=at, back=at + off)
    assert wrong_contraction.cut_closely(c) is (Mistake.TOO_FEW_STEPS if found else None)


def test_an_iteration_that_overflows_does_not_arrive(monkeypatch):
    """It arrives in the first row, where z' is right, and not in the second."""
    monkeypatch.setattr(wrong_contraction, "_step", lambda c, z: onp.where(z == 0, [[-1.0], [-onp.inf]], 0.0))
    c = SimpleNamespace(x=onp.zeros((2, 1)), z=onp.ones((2, 1)), back=onp.array([[1.0], [7.0]]), J=onp.ones((2, 1, 1)))
    assert wrong_contraction.cut_iteration(c) is Mistake.NO_CONTRACTION


def applied(J, x=None, is_linear=True):
    z = onp.array([[1.0, 2.0]])
    return SimpleNamespace(J=onp.array([J]), dim=2, z=z, x=z @ onp.array(J).T if x is None else x, is_linear=is_linear)


@pytest.mark.parametrize(("J", "more", "name"), [
    ([[1.0, 0.0], [0.0, 1.0]], {}, "SHIFT_NOT_UNDONE"), ([[0.0, 1.0], [1.0, 0.0]], {}, "PERMUTATION"),
    ([[3.0, 0.0], [0.0, 2.0]], {}, "MULTIPLIES"), ([[0.6, 0.8], [0.8, -0.6]], {}, "LAYERS_IN_ORDER"),
    ([[3.0, 0.0], [0.0, 2.0]], {"x": onp.ones((1, 2))}, "APPLIES_FORWARD"),
    ([[0.6, 0.8], [0.8, -0.6]], {"is_linear": False}, "APPLIES_FORWARD"),
    ([[2.0, 1.0], [1.0, 1.0]], {}, "APPLIES_FORWARD"),
    ([[3.0, 0.0], [1.0, 2.0]], {"x": onp.array([[3.0, 4.0]])}, "MULTIPLIES"),
    ([[3.0, 1.0], [1.0, 2.0]], {"x": onp.array([[3.0, 4.0]])}, "APPLIES_FORWARD"),
])  # fmt: skip
def test_an_inverse_that_is_forward(J, more, name):
    assert wrong_inverse._of_one_that_applies_forward(applied(J, **more)) is Mistake[name]


@pytest.mark.parametrize(("entry", "name"), [(0.9e-7, "SHIFT_NOT_UNDONE"), (1.1e-7, "PERMUTATION")])
def test_columns_that_do_not_move(entry, name, monkeypatch):
    monkeypatch.setattr(wrong_inverse, "is_permutation", lambda J: True)
    assert wrong_inverse._of_one_that_applies_forward(applied([[1.0, -entry], [0.0, 1.0]])) is Mistake[name]
