"""What a run has gathered at its boundaries, the heads of its loops, and code that both directions share."""

from types import SimpleNamespace

import numpy as onp
import pytest
from comparing import close

from nfscratch.check.diagnosis import gathered as of_sums
from nfscratch.check.diagnosis import held, loops, running_total
from nfscratch.check.diagnosis.boundaries import Boundaries
from nfscratch.check.diagnosis.gathered import Gathered, Mark
from nfscratch.check.finite_differences import STEPS

A = onp.array([[0.5, 2.0], [1.0, 3.0], [1.5, 4.0]])


class Side(SimpleNamespace):
    def __len__(self):
        return len(self.all)


# --- the heads of loops ---


def life(frame, depth, value, at=(1, 10), turn=None, names=("h",)):
    """A life of one place, and of a second one where a loop turns."""
    places = [(*at, 1), *([(*turn, 2)] if turn else [])]
    state = onp.full((2, 2), float(value))
    return SimpleNamespace(frame=frame, depth=depth, value=state, names=names, places=places, turns=places[1:])


def run_of(lives, values=range(6)):
    found = object.__new__(Boundaries)
    found.all = [SimpleNamespace(value=onp.full((2, 2), float(v))) for v in values]
    found.record = SimpleNamespace(lives=lives)
    return found


@pytest.mark.parametrize(("lives", "heads"), [
    ([life(k, 5 + k, v) for k, v in enumerate((1, 2, 4))], [[1, 2, 4]]),  # each call calls itself
    ([life(k, 5 + k, v) for k, v in enumerate((4, 2, 1))], [[1, 2, 4]]),
    ([life(k, 5 + k, v) for k, v in enumerate((1, 2))], []), ([life(k, 5, v) for k, v in enumerate((1, 2, 4))], []),
    ([life(0, 5 + k, v) for k, v in enumerate((1, 2, 4))], []),
    ([life(k, 5 + k, v) for k, v in enumerate((1, 2, 2))], []),
    ([life(k, 5 + k, v) for k, v in enumerate((1, 2, 9))], []),
    ([life(k, 5 + k, v, at=(1, 10 + k)) for k, v in enumerate((1, 2, 4))], []),
    ([life(k, 5 + k, v, names=(f"h{k}",)) for k, v in enumerate((1, 2, 4))], []),
    ([life(0, 7, v, turn=(1, 12)) for v in (1, 2, 3)], [[1, 2, 3]]),  # a loop of one call
    ([life(0, 7, 1, at=(1, 12)), *(life(0, 7, v, turn=(1, 12)) for v in (3, 5))], [[1, 3, 5]]),
    ([life(0, 7, v, turn=(1, 12)) for v in (1, 2)], []),
    ([life(k, 7, v, turn=(1, 12)) for k, v in enumerate((1, 2, 3))], []),
    ([life(0, 7, v, turn=(1, 12)) for v in (1, 2, 3)] + [life(k, 3 + k, v, at=(2, 5)) for k, v in enumerate((2, 3, 4))],
     [[2, 3, 4], [1, 2, 3]]),  # the outermost first
    ([life(0, 7, v, turn=(1, 12)) for v in (1, 2, 3)]
     + [life(1, 7, v, turn=(2, 12), at=(2, 5)) for v in (1, 2, 3, 4)],
     [[1, 2, 3, 4], [1, 2, 3]]),  # and of two the longer one
])  # fmt: skip
def test_the_heads_of_loops_and_of_functions_that_call_themselves(lives, heads):
    assert run_of(lives).loops() == heads


def test_a_life_is_a_boundary_by_its_value():
    run = run_of([], (0, 1, 1, 2))
    lives = [life(0, 0, v) for v in (2, 1, 7, 2)]
    assert run._indices(lives) == [1, 3]
    run.all[3].value = run.all[3].value + 2.9e-12
    assert run._indices(lives) == [1, 3]
    run.all[3].value = run.all[3].value + 0.3e-12
    assert run._indices(lives) == [1]
    run.all[0].value = onp.full((2, 2), 1e-12 + 5e-25)  # beyond 1e-12 of 1 and the life's
    assert run._indices([life(0, 0, 0)]) == []


def test_a_step_takes_whole_numbers_too():
    run = object.__new__(Boundaries)
    run.a, asked = A, []
    run._step = lambda i, j, h, sums: asked.append((i, j, h.dtype, sums)) or (h, h[:, 0])
    assert run.step(0, 2)(onp.ones((2, 2), dtype=int))[0].dtype == onp.float64
    run.step(1, 2, {1: "sum"})([[1, 2]])
    assert asked == [(0, 2, onp.float64, {}), (1, 2, onp.float64, {1: "sum"})]
    state, gain = run.step(1, 1)([[1, 2], [3, 4]])
    assert state.dtype == float and state.tolist() == [[1, 2], [3, 4]] and gain.tolist() == [0, 0]


# --- what has been gathered ---


def of_states(states, n=3):
    asked = []
    side = Side(all=[None] * 2, states_from=lambda i, a: asked.append((i, len(a))) or states(a))
    found = object.__new__(Gathered)
    found.side, found.n = side, n
    return found, asked


def test_all_differences_of_a_run_are_taken_at_once():
    found, asked = of_states(lambda a: [a, onp.stack([3 * a[:, 0], a[:, 0] + onp.sinh(a[:, 1])], axis=1)])
    start, end = found.true_at(A)
    close(start, onp.zeros(3), 1e-9)
    close(end, onp.log(3) + onp.log(onp.cosh(A[:, 1])), 1e-7)
    assert asked == [(0, 3)] + [(0, 24)] * len(STEPS)
    found.n = 1
    found.true_at(A[:1])
    assert set(asked[1 + len(STEPS) :]) == {(0, 1)}


def test_numbers_that_are_not_finite_have_no_true_log_det():
    found, _ = of_states(lambda a: [a, onp.log(a - 0.5)])
    _, end = found.true_at(A)
    assert onp.isnan(end).tolist() == [True, False, False]
    J = onp.stack([onp.eye(2), onp.diag([onp.inf, 1.0])])
    assert onp.isnan(of_sums._log_abs_det(J, onp.zeros((2, 2, 2)))).tolist() == [False, True]


TRUE, ERROR = onp.array([0.0, 1.0, 2.0]), onp.array([0.5, 0.25, 0.125])


def looked(claims, totals=None, monkeypatch=None):
    """Which of the spots' claims a mark takes; and which spots were asked."""
    asked, mark = [], Mark(1, TRUE)
    found = object.__new__(Gathered)
    found.side, found.error, found.n = "side", ERROR, 3

    def total(side, spot):
        asked.append(spot.place)
        return (totals or {}).get(spot.place, [spot.place])

    monkeypatch.setattr(of_sums, "running_total", total)
    found._read = lambda place, sums: claims[place]
    found._look(mark, [SimpleNamespace(place=k) for k in range(len(claims))])
    return mark, asked


@pytest.mark.parametrize(("offs", "none", "taken", "asked"), [
    ([9, 0, 9], (), 1, [0, 1]), ([9, 8, 7], (), 0, [0, 1, 2]), ([0, 0], (), 0, [0]), ([9, "all", 0], (), 1, [0, 1]),
    ([9, 8], (0,), 1, [0, 1]), ([9, 8], (0, 1), None, [0, 1]), ([], (), None, []),
])  # fmt: skip
def test_the_claim_of_the_outermost_call_unless_an_inner_one_fits(offs, none, taken, asked, monkeypatch):
    """It fits where all is right so far, or where all of the error is there."""
    claims = [TRUE + (ERROR if off == "all" else off) for off in offs]
    mark, came = looked(claims, dict.fromkeys(none), monkeypatch)
    assert came == asked
    assert (mark.claim is claims[taken] and mark.sums == [taken]) if taken is not None else mark.claim is None
    assert mark.spot is None if taken is None else mark.spot.place == taken


@pytest.mark.parametrize(("errors", "stretch"), [
    ("001", (1, 2)), ("011", (0, 1)), ("0x1", (0, 2)), ("0x01", (2, 3)), ("0101", (2, 3)), ("010", (0, 1)),
    ("0x", None), ("1", None), ("0x11", (0, 2)),
])  # fmt: skip
def test_all_of_the_error_lies_between_two_marks(errors, stretch):
    sizes = {"0": 0 * ERROR, "1": ERROR, "x": ERROR / 3}
    found = object.__new__(Gathered)
    found.true, found.error = TRUE, ERROR
    vars(found)["known"] = [SimpleNamespace(error=sizes[kind]) for kind in errors]
    assert found._wrong_stretch() == stretch


def test_the_claim_at_both_ends_is_known():
    found = object.__new__(Gathered)
    found.n, found.claim, looks = 3, ERROR, []
    spots = [SimpleNamespace(depth=depth) for depth in (4, 2, 3)]
    found.side = SimpleNamespace(all=[None, SimpleNamespace(spots=spots), SimpleNamespace(spots=[]), None])
    found.marks = [Mark(k, TRUE) for k in range(4)]

    def look(mark, at):
        looks.append((mark.boundary, [spot.depth for spot in at]))
        mark.claim = TRUE if mark.boundary == 1 else None

    found._look = look
    assert [m.boundary for m in found.known] == [0, 1, 3] and looks == [(1, [2, 3, 4]), (2, [])]
    assert found.marks[0].claim.tolist() == [0, 0, 0] and found.marks[3].claim is ERROR
    assert found.sums == {0: (None, []), 1: (None, None), 3: (None, [])} and found.marks[2].error is None


# --- what a variable adds ---


@pytest.mark.parametrize(("value", "raised"), [
    ([1.0, 2.0, 3.0], [1.0, 2.0, 3.5]), ([1.0], [1.5]), (2.0, 2.5), (onp.ones(3), [1.5] * 3),
    (onp.array([[0.0, 1], [0, 2], [0, 3]]), [[0, 1.5], [0, 2.5], [0, 3.5]]),
    (onp.array([[0.0, 0, 0], [1, 0, 2]]), [[0, 0, 0], [1.5, 0.5, 2.5]]), (onp.zeros((3, 2)), [[0, 0]] * 3),
])  # fmt: skip
def test_a_log_det_that_is_higher_by_a_step(value, raised):
    before = onp.array(value)
    assert onp.array(held.raised(value, 0.5, 3)).tolist() == raised and onp.array_equal(before, onp.array(value))


def gain(log_det, y=A, raises=False, held=None):
    def replayed(a, actions):
        variables = {"v": onp.zeros(3) if held is None else held}
        for place, act in actions.items():
            assert place == "here"
            act(variables)
        if raises:
            raise ZeroDivisionError
        return y, log_det(variables["v"])

    of = SimpleNamespace(a=A, replayed=replayed, record=SimpleNamespace(y=A, log_det=onp.zeros(3)))
    return running_total._gain(of, "here", "v")


@pytest.mark.parametrize(("log_det", "r"), [
    (lambda v: v, 1.0), (lambda v: -0.5 * v, -0.5), (lambda v: 0 * v, 0.0), (lambda v: v**2, None),
    (lambda v: v * (1 + 0.9e-6 * onp.arange(3) / 2), 1.0), (lambda v: v * (1 + 1.1e-6 * onp.arange(3) / 2), None),
    (lambda v: onp.where(v > 1.5, 2 + 1.8e-6, v), 1.0), (lambda v: onp.where(v > 1.5, 2 + 2.2e-6, v), None),
    (lambda v: onp.array([0, 1e-6, 0]), None),
    (lambda v: v * onp.nan, None), (lambda v: v * (2 + 1e-10), 2.0), (lambda v: v * (2 + 1e-8), 2 + 1e-8),
])  # fmt: skip
def test_what_a_log_det_gains_where_a_variable_is_raised(log_det, r):
    assert gain(log_det) == r
    assert gain(log_det, y=A + 1e-15) is None and gain(log_det, raises=True) is None


def test_of_a_list_of_log_dets_the_last_one_is_raised():
    assert gain(lambda v: v[0] + 3 * v[1], held=[onp.zeros(3), onp.zeros(3)]) == 3.0


# --- code that both directions share ---


def test_code_is_shared_where_both_directions_go_through_it():
    asked = []
    turned = lambda a: asked.append(a.tolist()) or -a  # noqa: E731
    other = lambda a: -a  # noqa: E731

    def is_one(forward, inverse):
        subject = SimpleNamespace(forward=forward, inverse=inverse, at=lambda rows: rows.tolist() == [0] and subject)
        return loops.is_one_function(SimpleNamespace(subject=subject, x=A))

    assert is_one(turned, turned) is True and asked == [[[0.5, 2.0]]] * 2
    assert is_one(turned, other) is False and is_one(onp.negative, onp.negative) is False
