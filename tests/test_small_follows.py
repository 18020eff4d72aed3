"""Numbers that follow others within a share of one of the two; loops that a run may hide; which row is run for them."""

from functools import partial
from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import clamp, columns, left_behind, loops, of_range
from nfscratch.check.diagnosis.exchanged import Exchanged
from nfscratch.check.diagnosis.gathered import Gathered
from nfscratch.check.diagnosis.mistakes import Named

LARGE = onp.full(4, 1e6)
NEXT = LARGE + 20.0003  # it is LARGE within 2e-5 of 1 and NEXT, and not within 2e-5 of 1 and LARGE

# --- a share of which number ---


def test_numbers_that_are_not_finite_are_the_same_as_nothing():
    odd = onp.array([onp.inf, -onp.inf, onp.nan])
    assert not columns.same(odd, odd).any() and not columns.same(odd, onp.zeros(3)).any()


def test_a_copy_is_one_within_a_share_of_the_smaller_column():
    for off, is_copy in ((10.00005, False), (10.00001, True)):
        a, b = onp.array([[1e6 + off, 3.0]]), onp.array([[1e6, 3.0]])
        for found in (columns.copies(a, b), columns.copies(b, a)):
            assert found.tolist() == [[is_copy, False], [False, True]]


def step(error, other, follows, boundaries=(0, 1, 2, 3)):
    """The step between boundaries of which some follow the error at b, and some the error at a."""
    found = object.__new__(Exchanged)
    found.error, found.other_error, found.boundaries = error, other, list(boundaries)
    found._follows = lambda i, given: (i, "b" if given is other else "a") in follows
    return found._step()


SOME, OTHERS = onp.linspace(0.1, 0.5, 4), onp.linspace(0.9, 0.2, 4)


@pytest.mark.parametrize(("follows", "between"), [
    ([(1, "b"), (2, "a")], (1, 2)), ([(1, "b"), (2, "b")], (2, 3)), ([(1, "a"), (2, "a")], (0, 1)), ([], None),
    ([(1, "b"), (1, "a")], None), ([(2, "b"), (1, "a")], None), ([(2, "b")], (2, 3)), ([(2, "a")], (0, 2)),
])  # fmt: skip
def test_the_wrong_step_lies_where_the_error_changes_from_one_runs_to_the_others(follows, between):
    assert step(SOME, OTHERS, follows) == between


def test_an_error_follows_nothing_within_a_share_of_the_other_runs():
    follows = [(1, "b"), (2, "a")]
    assert step(NEXT, LARGE, follows) == (1, 2) and step(LARGE, NEXT, follows) is None


@pytest.mark.parametrize(("came", "error", "follows"), [
    (NEXT, LARGE, False), (LARGE, NEXT, True), (SOME, SOME, True), (SOME, OTHERS, False),
])  # fmt: skip
def test_a_boundary_follows_an_error_within_a_share_of_it(came, error, follows):
    found = object.__new__(Exchanged)
    found.true, found.other = [0.0, 2.0, 5.0], [0.0, 3.0, 7.0]
    all_spots = [SimpleNamespace(spots=[]), SimpleNamespace(spots=["one"])]
    found.side = SimpleNamespace(all=all_spots, exchanged=lambda i: came + 2.0 + 7.0 - 3.0 if i == 1 else None)
    assert found._follows(1, error) is follows and found._follows(0, error) is False


def stretch(errors, error):
    found = object.__new__(Gathered)
    found.true, found.error = onp.zeros(4), error
    vars(found)["known"] = [SimpleNamespace(error=e) for e in errors]
    return found._wrong_stretch()


def test_all_of_an_error_is_there_within_a_share_of_it():
    zero = onp.zeros(4)
    assert stretch([zero, NEXT, LARGE], LARGE) == (0, 2) and stretch([zero, LARGE, NEXT], NEXT) == (0, 1)


def test_a_stretch_ends_after_it_begins():
    """An error so small that half of it is both none and all of it."""
    zero = onp.zeros(4)
    assert stretch([zero, zero + 1.5e-5, zero + 3e-5], zero + 3e-5) == (1, 2)


@pytest.mark.parametrize("at", [0, 3])
def test_a_scale_that_is_nothing_at_one_point_is_no_clamp(at):
    a = onp.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    s = onp.tanh(a)
    assert clamp.flattens(a, s)
    s[at] = 0.0
    assert not clamp.flattens(a, s)


# --- loops ---


def by_formula(x):
    return 2 * x


def by_itself(x):
    return x if len(x) < 9 else by_itself(x[1:])


def by_map(x):
    return onp.concatenate(list(map(onp.negative, x)))


def by_list(x):
    return onp.array([2 * row for row in x])


def by_while(x):
    while x[0, 0] > 9:
        x = x / 2
    return x


@pytest.mark.parametrize(("inverse", "has"), [
    (by_formula, False), (by_itself, True), (by_map, True), (by_list, True), (by_while, True),
])  # fmt: skip
def test_a_loop_stands_in_the_code_of_an_inverse(inverse, has):
    asked = []
    subject = SimpleNamespace(inverse=lambda x: asked.append(x.tolist()) or inverse(x))
    whole = SimpleNamespace(at=lambda rows: asked.append(rows.tolist()) or subject)
    x = onp.arange(1.0, 7.0).reshape(3, 2)
    assert loops.has_loops(SimpleNamespace(subject=whole, x=x)) is has
    assert asked == [[0], [[1.0, 2.0]]]


def test_of_code_that_nobody_can_read_a_loop_cannot_be_ruled_out():
    subject = SimpleNamespace(inverse=onp.negative)
    trial = SimpleNamespace(subject=SimpleNamespace(at=partial(next, iter([subject]))), x=onp.ones((3, 2)))
    assert loops.has_loops(trial) is True


def test_the_first_row_is_run_to_see_what_is_left_behind(monkeypatch):
    asked = []
    monkeypatch.setattr(left_behind, "both_directions", lambda trial, row: asked.append((trial, row)))
    monkeypatch.setattr(left_behind, "Reached", lambda call: call() or "reached")
    monkeypatch.setattr(left_behind, "_classes", lambda reached: [("c", "f", "m")] if reached == "reached" else [])
    lines = [
        left_behind.Left("self.a", line, "f", batch) for line, batch in ((7, False), (5, True), (2, False), (9, True))
    ]
    monkeypatch.setattr(left_behind, "_of_class", lambda *of: lines if of == ("c", "f", "m") else [])
    assert [left.line for left in left_behind.left_behind("trial")] == [5, 9, 2, 7] and asked == [("trial", 0)]


# --- the range ---


@pytest.mark.parametrize("change", ["line 3, with exp", None])
@pytest.mark.parametrize("mistake", [*sorted(of_range.SEEN, key=lambda m: m.name)[:2], Mistake.SIGN])
def test_a_change_of_the_range_is_looked_for_at_the_first_failure(change, mistake, monkeypatch):
    cases = [SimpleNamespace(finding=SimpleNamespace(failed=k > 0), trial=k) for k in range(3)]
    monkeypatch.setattr(of_range, "change_of_range", lambda trial: change if trial == 1 else "of another")
    named = Named(mistake, "where", "forward")
    found, words = of_range.with_change_of_range(named, cases)
    if change and mistake in of_range.SEEN:
        assert found == Named(Mistake.ONE_CHANGE, change, "forward") and words.startswith("With it, E and O hold")
    else:
        assert found is named and words == ""
