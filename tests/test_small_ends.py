"""Searches that end at a bound or on a grid, and numbers that are cut off: on both sides of each of their bounds."""

from types import SimpleNamespace

import numpy as onp
import pytest
from comparing import close
from tried_maps import small_trial

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import wrong_bracket, wrong_search

GRID = 0.1 * onp.arange(20.0)[:, None]


@pytest.mark.parametrize(
    ("share", "is_one"), [(1 + 0.8e-6, True), (1 + 1.2e-6, False), (-1 - 0.8e-6, True), (0.5, True)]
)
def test_a_value_of_a_grid_is_within_a_step_of_the_right_one(share, is_one):
    c = SimpleNamespace(back=GRID, z=GRID + 0.1 * share)
    assert wrong_search._is_bisection(c) is is_one


@pytest.mark.parametrize(("beyond", "is_one"), [(1, True), (2, False)])
def test_nine_values_of_ten_are_within_a_step(beyond, is_one):
    """Of 20: 2 that are not are one too many."""
    z = GRID + 0.05
    z[:beyond] += 9.0
    assert wrong_search._is_bisection(SimpleNamespace(back=GRID, z=z)) is is_one


@pytest.mark.parametrize(("count", "found"), [(11, True), (10, False)])
def test_a_grid_shows_in_ten_gaps(count, found):
    step = wrong_search._grid(0.25 * onp.arange(count))
    assert (step is not None) is found and (step is None or step == 0.25)


@pytest.mark.parametrize(("count", "is_one"), [(10, True), (9, False)])
def test_intervals_of_their_own_width_show_in_ten_numbers(count, is_one):
    """z' = 3/4 x, an odd part of x."""
    trial = small_trial(lambda z: 2 * z, lambda x: 0.75 * x, dim=1, z=onp.linspace(1, 2, count)[:, None])
    c = SimpleNamespace(trial=trial, rows=onp.arange(count), z=trial.z, x=trial.x, back=0.75 * trial.x)
    assert wrong_search._is_bisection_of_own_width(c) is is_one


# --- what is cut off ---

NEAR = onp.linspace(-3.25, 3.25, 66)[:, None]


@pytest.mark.parametrize(("at", "seen"), [(2.75, True), (-2.75, True), (2.65, False), (-2.65, False)])
def test_what_is_cut_off_is_right_but_in_the_last_twentieth_of_the_way_to_its_ends(at, seen):
    came = onp.clip(NEAR, -3, 3)
    came[onp.argmin(onp.abs(NEAR - at))] += 3e-3
    close(wrong_bracket._cut_at(NEAR, came), [3.0, 3.0] if seen else [], 1e-12)


@pytest.mark.parametrize("at", [-3.0 + 0.05 * 6.0, 3.0 - 0.05 * 6.0])
def test_the_last_twentieth_begins_where_it_ends(at):
    right = onp.append(NEAR, [[at]], axis=0)
    came = onp.clip(right, -3, 3)
    came[-1] += 3e-3
    close(wrong_bracket._cut_at(right, came), [3.0, 3.0], 1e-12)


@pytest.mark.parametrize(("beyond", "seen"), [(0.011, True), (0.009, False)])
def test_what_is_cut_off_goes_on_by_a_thousandth_of_the_bound(beyond, seen):
    right = onp.linspace(-10 - beyond, 10 + beyond, 41)[:, None]
    close(wrong_bracket._cut_at(right, onp.clip(right, -10, 10)), [10.0, 10.0] if seen else [], 1e-12)


@pytest.mark.parametrize(("low", "high", "clips"), [
    (-1.2, 9.0, True), (-9.0, 1.2, True), (-1.2, 1.3, True), (-9.0, 9.0, False), (-1.234, 9.0, False),
    (-9.0, 1.234, False), (0.0, 0.0, False),
])  # fmt: skip
def test_a_forward_that_clips_its_argument_on_one_side_or_on_both(low, high, clips):
    z = onp.linspace(-2, 2, 21)[:, None]
    assert wrong_bracket.clips_argument(small_trial(lambda z: 3 * onp.clip(z, low, high), dim=1, z=z)) is clips


@pytest.mark.parametrize(("x", "name"), [
    ([0.5, -3.0, 3.0, 1.0], "END_OF_BRACKET"), ([0.5, -3.1, 3.1, 1.0], "STANDS_STILL"),
    ([1.0, 1.0, 1.7, 0.3], "END_OF_BRACKET"), ([1.0, 1.0, 2.7, 0.3], "STANDS_STILL"),
    ([1.0, 2.0, 3.0, 4.0], "STANDS_STILL"),
])  # fmt: skip
def test_a_stop_at_a_round_number_that_comes_twice(x, name, monkeypatch):
    monkeypatch.setattr(wrong_bracket, "clips_argument", lambda trial: False)
    trial = SimpleNamespace(x=onp.array(x)[:, None])
    assert wrong_bracket.name_of_stop(trial) is Mistake[name]
