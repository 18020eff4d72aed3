"""A run's log_det step by step: what is none, what is the same, which step is the wrong one, which was left out."""

from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import gathered as of_sums
from nfscratch.check.diagnosis.gathered import Gathered, Mark, _log_abs_det, alike, is_none

N = 5
ONE = onp.ones(N)
ROWS = onp.linspace(1, 2, N)
LARGE = 1e6 * ONE
NEXT = LARGE + 20.0003  # it is LARGE within 2e-5 of 1 and NEXT, and not within 2e-5 of 1 and LARGE
JUST, BEYOND = 1.9e-5 * ONE, 2.00002e-5 * ONE  # what differences do not tell from 0, and what they do


class Side(SimpleNamespace):
    def __len__(self):
        return len(self.all)


def test_two_log_dets_are_alike_in_the_rows_where_both_are_numbers():
    odd = onp.array([onp.inf, -onp.inf, onp.nan, 1.0, 2.0])
    for a, b, same in (
        (LARGE, LARGE + 19.9, True), (NEXT, LARGE, False), (LARGE, NEXT, True), (odd, odd, True), (odd, ONE, False),
        (onp.where(odd == 2, 1.0, odd), ONE, True), (odd[:4], odd[:4], False),  # one row of four tells nothing
        (JUST, 0 * ONE, True), (BEYOND, 0 * ONE, False), (0 * ONE, BEYOND, True),
    ):  # fmt: skip
        assert alike(a, b) is same, (a, b)


def test_what_is_none():
    for a, none in ((0 * ONE, True), (JUST, True), (-JUST, True), (BEYOND, False), (-BEYOND, False), (LARGE, False)):
        assert is_none(a) is none, a
    assert is_none(onp.array([0.0, 0.0, onp.nan])) and not is_none(onp.array([0.0, onp.nan, onp.nan, onp.nan]))


def test_a_log_det_that_differences_tell_to_5e_6_of_all_entries():
    """Of I what may be off adds up; at the bound itself it is too much, and a row without numbers tells nothing."""
    J = onp.stack([onp.diag([1.0, onp.e])] * 2 + [onp.diag([onp.nan, 1.0]), onp.eye(2), onp.eye(2)])
    spread = onp.zeros((5, 2, 2))
    spread[0, 0, 1], spread[3, 0, 0], spread[4, 0, 0] = 1.0, 5e-6, 5e-6 * (1 - 1e-9)
    spread[1, 0, 0] = onp.inf
    found = _log_abs_det(J, spread)
    assert onp.isnan(found).tolist() == [False, True, True, True, False]
    assert found[[0, 4]] == pytest.approx([1.0, 0.0], abs=1e-15)


def test_a_run_of_two_rows_is_taken_at_once_and_one_of_one_row_by_row():
    found, asked = object.__new__(Gathered), []
    found.side = Side(all=[None] * 2, states_from=lambda i, a: asked.append(len(a)) or [a, 2 * a])
    for found.n, calls in ((2, {2, 16}), (1, {1})):
        asked.clear()
        found.true_at(onp.array([[0.5, 1.0], [1.5, 2.0]])[: found.n])
        assert set(asked) == calls, found.n


def with_errors(errors, error=None, loops=(), true=ONE):
    """A run with these errors at its boundaries."""
    found = object.__new__(Gathered)
    found.true, found.error = true, errors[-1] * ONE if error is None else error
    found.side = Side(all=[None] * len(errors), loops=lambda: loops)
    vars(found)["known"] = [Mark(i, true, claim=true + e) for i, e in enumerate(errors)]
    return found


def test_the_wrong_steps_are_those_that_change_the_error():
    for errors, steps in (
        ([0, 3, 3, -3, -3], [(0, 1), (2, 3)]), ([0, 0, 1, 1, 0], [(1, 2), (3, 4)]), ([0, JUST, JUST], []),
        ([0, BEYOND, BEYOND], [(0, 1)]), ([0, -BEYOND, -BEYOND], [(0, 1)]), ([2, 2, 2], []),
    ):  # fmt: skip
        assert with_errors(errors, true=0 * ONE)._wrong_between(list(range(len(errors)))) == steps, errors


def test_a_loop_has_a_wrong_turn_where_it_has_more_than_one():
    errors = [0, 0, 3, 3, 4, 4, 4]
    for loop, turns in (([0, 3, 6], [(0, 3)]), ([0, 6], []), ([6], []), ([2], [(0, 2)]), ([1, 3, 5], [(1, 3)])):
        assert with_errors(errors, loops=[loop])._wrong_turns() == turns, loop


def test_a_stretch_begins_where_all_is_right():
    for errors, error, between in (
        ([0, BEYOND, 1], ONE, (0, 2)), ([0, JUST, 1], ONE, (1, 2)), ([0, 0.5e-5], JUST, (0, 1)),
        ([0, JUST / 2, JUST], JUST, (1, 2)),
    ):  # fmt: skip
        assert with_errors(errors, error, true=0 * ONE)._wrong_stretch() == between, errors


def test_a_claim_fits_where_it_is_the_truth_or_has_all_of_the_error(monkeypatch):
    """Then no other spot is asked."""
    for claim, error, fits in (
        (0 * ONE, ONE, True), (JUST, ONE, True), (BEYOND, ONE, False), (LARGE, NEXT, True), (NEXT, LARGE, False),
        (ONE, ONE, True), (-ONE, ONE, False),
    ):  # fmt: skip
        found, asked = object.__new__(Gathered), []
        found.side, found.error = "side", error
        found._read = lambda place, sums, claim=claim: claim
        monkeypatch.setattr(of_sums, "running_total", lambda side, spot, asked=asked: asked.append(spot.place) or [])
        found._look(Mark(1, 0 * ONE), [SimpleNamespace(place=k) for k in range(2)])
        assert asked == ([0] if fits else [0, 1]), (claim, error)


# --- which layers were added up ---


def of_steps(steps, claim, loops=(), boundaries=None):
    """A run with a mark after each of these steps' log_dets."""
    found = object.__new__(Gathered)
    true = onp.concatenate([onp.zeros((1, N)), onp.cumsum([s * ONE for s in steps], axis=0)])
    found.marks = [Mark(i, t) for i, t in zip(boundaries or range(len(true)), true, strict=True)]
    found.true, found.claim = true[-1], claim * ONE
    states = [SimpleNamespace(order=10 * i) for i in range(found.marks[-1].boundary + 1)]
    found.side = Side(all=states, loops=lambda: loops, record=SimpleNamespace(returned=[]))
    return found


def test_steps_that_add_nothing_are_no_layers():
    for steps, claim, name in (
        ([3, JUST, 5], 5, "LAST_LAYER"), ([3, JUST, 5], 3, "LAYER_LEFT_OUT"), ([3, 5, BEYOND], 3, "LAST_LAYER"),
        ([3, 0, 0], 3, None), ([3, 0, 0], 0, None), ([3, 5, 7], 3, "LAST_LAYER"), ([3, 5, 7], 7, "LAST_LAYER"),
        ([3, 5, 7], 5, None), ([3, 5, 7], 8, "LAYER_LEFT_OUT"), ([3, 5, 7], 15, None),
    ):  # fmt: skip
        found = of_steps(steps, claim).missing()
        assert found is (Mistake[name] if name else None), (steps, claim)


def test_a_claim_is_that_of_a_layer_at_an_end_within_a_share_of_the_layers():
    three, five = 3 * ONE, 5 * ONE
    for steps, claim, end in (
        ([three, five, LARGE], NEXT, False), ([three, five, NEXT], LARGE, True), ([LARGE, three, five], NEXT, False),
        ([NEXT, three, five], LARGE, True), ([three, five], three, False), ([three, five], five, True),
        ([three, five, LARGE], five, False),
    ):  # fmt: skip
        assert Gathered._is_end(SimpleNamespace(claim=claim), steps) is end, (steps, claim)


def test_a_layer_is_left_out_within_a_share_of_all_the_others():
    for claim, others, left in ((NEXT, LARGE, False), (LARGE, NEXT, True), (LARGE, LARGE, True)):
        run = SimpleNamespace(claim=claim, true=others + 8)
        before, after = SimpleNamespace(true=0 * ONE), SimpleNamespace(true=8 * ONE)
        assert Gathered._is_left_out(run, before, after) is left, (claim, others)


def test_the_turns_of_a_loop_go_from_one_end_of_the_run_to_the_other():
    """Marks alone count: of columns of one layer there are none."""
    for loop, boundaries, turns in (
        ([1, 2], None, [(0, 1), (1, 2), (2, 3)]), ([0, 3], None, [(0, 3)]), ([2], None, [(0, 2), (2, 3)]),
        ([1, 2, 4], [0, 2, 4, 5], [(0, 2), (2, 4), (4, 5)]),
    ):  # fmt: skip
        found = of_steps([ROWS, 2 * ROWS, 3 * ROWS], 0, [loop], boundaries)
        assert [[(a.boundary, b.boundary) for a, b in each] for each in found._turns()] == [turns], loop


def test_the_last_turn_of_a_loop_alone_is_added_up():
    """Turns that add nothing do not count, and one turn alone is all there is."""
    for steps, loop, claim, last in (
        ([1, 2, 3, 4], [2], 7, True), ([1, 2, 3, 4], [2], 3, False), ([1, 2, 3, 4], [1, 3], 1, True),
        ([1, 2, 3, 4], [1, 3], 4, True), ([1, 2, 3, 4], [1, 3], 5, False), ([1, 2, 3, 4], [0, 4], 10, False),
        ([3, 4, JUST, 0], [1, 2], 4, True), ([3, 4, JUST, 0], [1, 2], 3, False), ([3, 4, 0, BEYOND], [1, 2], 3, True),
    ):  # fmt: skip
        assert of_steps(steps, claim, [loop])._is_last_turn() is last, (steps, loop, claim)
