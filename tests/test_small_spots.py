"""Which lives of a run are boundaries: those that stand a test, at which spots, in how many tries and how many runs."""

from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check.diagnosis import boundaries
from nfscratch.check.diagnosis.boundaries import Boundaries, Boundary, Spot

A, B = onp.array([[1.0, 2.0], [3.0, 4.0]]), onp.array([[5.0, 6.0], [7.0, 8.0]])


def life(value, line=1, order=0, depth=3, names=("h",), times=1, turns=()):
    places = [(9, line, k + 1) for k in range(times)]
    state = onp.full((2, 2), float(value))
    return SimpleNamespace(
        value=state, order=order, depth=depth, names=names, places=places, turns=[places[k] for k in turns]
    )


def run(lives=(), a=A, y=10 * A, lines=40):
    found = object.__new__(Boundaries)
    found.a, found.b, found.f, found.spent = a, B, "f", 0.0
    found.record = SimpleNamespace(lives=list(lives), y=y, lines=[None] * lines)
    found.other, found.there = SimpleNamespace(y=10 * B), {}
    return found


# --- lives ---


def found_in(lives, fails=(), spots=1):
    """The boundaries that are found, by value and spots; and the values that were tested."""
    of, tested = run(lives), []

    def test(each):
        tested.append(each.value[0, 0])
        return [] if each.value[0, 0] in fails else [Spot(p, each.names, each.depth) for p in each.places[:spots]]

    of._tested = test
    return [(b.value[0, 0], b.order, len(b.spots)) for b in of._found()], tested


def test_the_outermost_calls_are_tested_first_and_then_by_order():
    lives = [life(11, 1, 5, depth=4), life(12, 2, 2, depth=6), life(13, 3, 9, depth=4), life(14, 4, 3, depth=5)]
    assert found_in(lives) == ([(11, 5, 1), (13, 9, 1), (14, 3, 1), (12, 2, 1)], [11, 13, 14, 12])


def test_one_boundary_for_each_value_with_the_spots_of_all():
    lives = [life(11, 1, 1), life(11 + 5e-12, 2, 2), life(11 + 2e-11, 3, 3), life(11, 4, 4, names=("g",))]
    assert found_in(lives)[0] == [(11, 1, 3), (11 + 2e-11, 3, 1)]
    assert found_in(lives, fails=(11,)) == ([(11 + 5e-12, 2, 1), (11 + 2e-11, 3, 1)], [11, 11 + 5e-12, 11 + 2e-11, 11])


def test_a_value_is_full_with_six_spots():
    lives = [life(11, k, k) for k in range(9)]
    assert found_in(lives) == ([(11, 0, 6)], [11] * 6)
    assert found_in([life(11, k, k, times=4) for k in range(4)], spots=4) == ([(11, 0, 8)], [11] * 2)


@pytest.mark.parametrize(("fails", "tested"), [
    ((11, 12, 13, 14, 15), 3), ((11, 12, 14, 15), 5), ((12, 13, 14, 15), 5), ((11, 12), 5),
])  # fmt: skip
def test_a_line_that_fails_three_times_is_left_alone(fails, tested):
    """Unless it has passed once. Other variables of the line have tries of their own."""
    values = range(11, 16)
    assert len(found_in([life(v, 7, v) for v in values], fails)[1]) == tested
    assert len(found_in([life(v, 7, v, names=(f"h{v}",)) for v in values], fails)[1]) == 5
    assert len(found_in([life(v, v, v) for v in values], fails)[1]) == 5


def test_so_many_values_are_tested(monkeypatch):
    monkeypatch.setattr(boundaries, "TRIES", 6)
    lives = [life(11 + v, v, v) for v in range(9)]
    assert len(found_in(lives)[1]) == 6 and len(found_in(lives, fails=range(11, 20))[1]) == 6


@pytest.mark.parametrize(("value", "is_end"), [
    (A, True), (10 * A, True), (A + 0.9e-12, True), (A + 5e-12, False), (A + [[onp.nan, 0], [0, 0]], True), (B, False),
    (B + [[onp.inf, 0], [0, 0]], True),
])  # fmt: skip
def test_the_ends_of_a_run_and_what_is_not_finite_are_no_inner_boundaries(value, is_end):
    assert run()._is_end(SimpleNamespace(value=value)) is is_end


def test_all_boundaries_come_in_the_order_of_the_run(monkeypatch):
    monkeypatch.setattr(boundaries, "Record", lambda f, a: run([life(5, 2)], a, lines=7).record)
    monkeypatch.setattr(Boundaries, "_found", lambda self: [Boundary(B, 4), Boundary(B + 1, 2), Boundary(B + 2, 6)])
    of = Boundaries("f", A, B)
    assert [b.order for b in of.all] == [-1, 2, 4, 6, 7] and len(of) == 5
    assert of.all[0].value is A and of.all[-1].value is of.record.y and of.all[0].spot is None
    assert list(of.there) == [((9, 2, 1), ("h",))] and of.spent == 0


# --- spots ---


def spots(passing, times, turns=()):
    """The places at which a life of so many is tested, and those that pass; by their number."""
    of, asked = run(), []
    of._holds = lambda place, each: asked.append(place[2]) or place[2] in passing
    return asked, [spot.place[2] for spot in of._tested(life(3, times=times, turns=turns))]


@pytest.mark.parametrize(("passing", "times", "turns", "asked", "passed"), [
    ((1,), 1, (), [1], [1]), ((), 9, (2, 4), [3, 9, 1], []), ((9,), 9, (2, 4), [3, 9, 1, 2, 4, 5, 6, 7], [9]),
    ((1, 2, 3), 9, (2,), [3, 9, 1, 2, 4, 5, 6, 7], [3, 1, 2]),
    (range(10), 9, (), [9, 1, *range(2, 8)], [9, 1, *range(2, 8)]),
    ((1, 2), 2, (1,), [2, 1], [2, 1]), ((1,), 3, (0,), [1, 3, 2], [1]), ((), 3, (), [3, 1], []),
])  # fmt: skip
def test_a_life_is_tested_at_the_turn_of_a_loop_then_late_then_early(passing, times, turns, asked, passed):
    assert spots(passing, times, turns) == (asked, passed)


@pytest.mark.parametrize(("there", "y", "holds"), [
    (B, 10 * B, True), (None, 10 * B, False), (B, 10 * A, False), (B, 10 * B + 50e-9, True), (B, 10 * B + 90e-9, False),
    (A, 10 * B, False), (B, None, False),
])  # fmt: skip
def test_a_state_holds_all_where_the_run_goes_on_as_the_other_one(there, y, holds):
    of, each = run(), life(0)
    each.value = A
    if there is not None:
        of.there["place", ("h",)] = there
    variables = {"h": A.copy(), "n": 2.0}

    def replayed(a, actions):
        assert a is of.a and list(actions) == ["place"]
        actions["place"](variables)
        if y is None:
            raise ZeroDivisionError
        return y, None

    of.replayed = replayed
    assert of._holds("place", each) is holds
    assert variables["h"].tolist() == (A if there is None or there is A else B).tolist()


# --- runs ---


@pytest.mark.parametrize(
    ("rows", "lines", "cost"), [(20, 40, 2.0), (20, 20, 2.0), (20, 80, 4.0), (0, 40, 1.0), (60, 10, 4.0)]
)
def test_runs_have_an_end(rows, lines, cost, monkeypatch):
    monkeypatch.setattr(boundaries, "replayed", lambda f, a, actions: (f, len(a), actions))
    of = run(lines=lines)
    a = onp.zeros((rows, 2))
    assert of.replayed(a, "actions") == ("f", rows, "actions") and of.spent == cost
    of.spent = 60_000 - cost
    assert of.replayed(a, "actions")[1] == rows
    with pytest.raises(LookupError, match="no more lines"):
        of.replayed(a, "actions")


def test_the_words_between_two_boundaries_are_those_of_the_run(monkeypatch):
    monkeypatch.setattr(boundaries, "stretch", lambda *of: of)
    of = run()
    of.all = [Boundary("z", -1), Boundary("h", 3), Boundary("x", 8)]
    assert of.lines(1, 2) == (of.record, 3, 8, "h")


def stepping(n=4):
    """A run whose boundary k holds h = k at place k, and has gathered 10 k; the places that were asked, in order."""
    of, asked = run(), []
    of.all = [Boundary(A, -1), *(Boundary(A + k, k, [Spot(k, ("h",), 1)]) for k in range(1, n - 1)), Boundary(A, 99)]

    def replayed(a, actions):
        state = a
        for place, act in sorted(actions.items()):
            variables = {"h": state + place, "sum": onp.full(len(a), 10.0 * place)}
            act(variables)
            state = variables["h"]
        asked.append(list(actions))
        return state + 100, onp.full(len(a), 70.0)

    of.replayed = replayed
    return of, asked


@pytest.mark.parametrize(("i", "j", "state", "gain", "places"), [
    (0, 3, 105, 70, []), (0, 1, 6, 10, [1]), (1, 3, 105, 60, [1]), (1, 2, 7, 10, [2, 1]), (0, 2, 7, 20, [2]),
])  # fmt: skip
def test_a_step_from_one_boundary_to_another(i, j, state, gain, places):
    of, asked = stepping()
    sums = {k: (Spot(k, ("h",), 1), [("sum", 1.0)]) for k in (1, 2)}
    y, gained = of.step(i, j, sums)(onp.full((3, 2), 5.0))
    assert y.tolist() == [[float(state)] * 2] * 3 and gained.tolist() == [gain] * 3 and asked == [places]
    y, gained = of.step(i, j)(onp.full((3, 2), 5.0))
    assert y.tolist() == [[float(state)] * 2] * 3 and gained.tolist() == [70.0 if j == 3 else 0.0] * 3


def test_the_states_of_a_run_that_starts_at_a_boundary():
    of, asked = stepping(5)
    h = onp.full((2, 2), 5.0)
    assert [s[0, 0] for s in of.states_from(0, h)] == [5, 6, 8, 11, 111]
    assert [s[0, 0] for s in of.states_from(2, h)] == [5, 8, 108] and asked == [[1, 2, 3], [2, 3]]
    of.all[3].spots.clear()
    assert [s[0, 0] for s in of.states_from(2, h)] == [5, 105] and asked[2] == [2]
    assert of.states_from(4, h) == [h]
