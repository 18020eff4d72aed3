"""States that two variables hold, runs that go on from one, and the step that an exchange of states finds."""

from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check.diagnosis.boundaries import Boundaries, Spot
from nfscratch.check.diagnosis.exchanged import Exchanged
from nfscratch.check.diagnosis.paired import Paired

N = 5
A = onp.arange(15.0).reshape(N, 3)


class Side(SimpleNamespace):
    def __len__(self):
        return len(self.all)


def halves(first=1):
    """A run whose boundary 1 is held by u, with so many columns, and v, at two places."""
    state = 10 + A
    variables = {"u": state[:, :first], "v": state[:, first:], "w": 3.0}
    spots = [Spot(place, ("u", "v"), 2) for place in ("early", "late")]
    found = Side(a=A, there={("early", ("u", "v")): 20 + A, ("late", ("u", "v")): 30 + A, ("late", ("w",)): 40 + A})
    found.all = [SimpleNamespace(spots=[], value=A), SimpleNamespace(spots=spots, value=state)]
    found.replayed = lambda a, actions: [action(variables) for action in actions.values()]
    return found


@pytest.mark.parametrize(("first", "order"), [(1, [1, 2, 0]), (2, [2, 0, 1])])
def test_the_second_variable_of_a_state_is_put_first(first, order):
    run = halves(first)
    Boundaries.turn(run, 1)
    turned = run.all[1]
    assert turned.value.tolist() == (10 + A)[:, order].tolist()
    assert turned.spots == [Spot(place, ("v", "u"), 2) for place in ("early", "late")]
    for place, value in (("early", 20 + A), ("late", 30 + A)):
        assert run.there[place, ("v", "u")].tolist() == value[:, order].tolist()
        assert run.there[place, ("u", "v")] is not run.there[place, ("v", "u")]
    assert run.all[0].value is A


@pytest.mark.parametrize(("names", "comes", "turned"), [
    ([("u", "v")], [True], []), ([("u", "v")], [False, True], [1]), ([("u", "v")], [False, False], [1, 1]),
    ([("u", "v"), ("w",)], [], []), ([("u",)], [], []), ([], [], []), ([("u", "v"), ("p", "q")], [False, True], [1]),
])  # fmt: skip
def test_halves_are_turned_where_the_inverse_comes_to_z_with_them(names, comes, turned):
    """And turned back where it does not either way."""
    asked, done, comes = [], [], list(comes)
    run = SimpleNamespace(
        _comes_to_z=lambda j: asked.append(j) or comes.pop(0),
        inverse=SimpleNamespace(
            all=[SimpleNamespace(spots=[]), SimpleNamespace(spots=[Spot("at", n, 1) for n in names])]
        ),
    )
    run.inverse.turn = done.append
    Paired._turn_halves(run)
    assert done == turned and not comes and set(asked) <= {1}


@pytest.mark.parametrize(("value", "runs", "arrives", "comes"), [
    (1, {}, (), True), (2, {}, (), True), (0, {}, (), False), (3, {}, (), False),
    (9, {(1, 1): "to z"}, ("to z",), True),
    (9, {(2, 1): "to z"}, ("to z",), True), (9, {(1, 1): "elsewhere"}, ("to z",), False),
    (9, {(0, 1): "to z"}, ("to z",), False),
    (9, {(3, 1): "to z"}, ("to z",), False),
])  # fmt: skip
def test_an_inverse_comes_to_z_from_an_inner_state_of_forward(value, runs, arrives, comes):
    forward = Side(all=[SimpleNamespace(value=onp.full((2, 2), float(k))) for k in range(4)])
    inverse = Side(all=[None, SimpleNamespace(value=onp.full((2, 2), float(value)))])
    strong = []
    run = SimpleNamespace(
        forward=forward, inverse=inverse, _run=lambda i, j: runs.get((i, j)),
        _arrives=lambda values, i, strong: values in arrives and strong is True,
    )  # fmt: skip
    assert Paired._comes_to_z(run, 1) is comes and not strong


# --- a run that goes on ---


def test_a_log_det_of_a_run_that_goes_on_from_a_boundary():
    given = []

    def replayed(a, actions):
        variables = {"h": A.copy()}
        for action in actions.values():
            action(variables)
        given.append((a.tolist(), list(actions), variables["h"].tolist()))
        return "y", onp.arange(float(len(a)))

    spot = Spot("place", ("h",), 1)
    run = Side(
        a=A, replayed=replayed, record=SimpleNamespace(log_det=onp.arange(5.0) + 7), there={("place", ("h",)): 9 + A}
    )
    run.all = [SimpleNamespace(spot=None), SimpleNamespace(spot=spot), SimpleNamespace(spot=None)]
    rows = A[[0, 1, 2, 3, 4, 0, 1]]
    assert Boundaries.going_on(run, 2, rows).tolist() == [7, 8, 9, 10, 11, 7, 8] and given == []
    assert Boundaries.going_on(run, 0, 1 + A[:2]).tolist() == [0, 1]
    assert given.pop() == ((1 + A[:2]).tolist(), [], A.tolist())
    assert Boundaries.going_on(run, 1, 1 + A).tolist() == [0, 1, 2, 3, 4]
    assert given.pop() == (A.tolist(), ["place"], (1 + A).tolist())
    assert Boundaries.exchanged(run, 1).tolist() == [0, 1, 2, 3, 4]
    assert given.pop() == (A.tolist(), ["place"], (9 + A).tolist())


@pytest.mark.parametrize(("run", "rows", "calls"), [
    (1, 2, [1, 1]), (1, 3, [1, 1, 1]), (1, 1, [1]), (1, 0, [0]), (2, 3, [3]), (2, 1, [1]),
])  # fmt: skip
def test_a_step_goes_row_by_row_where_the_run_was_of_one(run, rows, calls):
    asked = []

    def call(h):
        asked.append(len(h))
        return 2 * h, h[:, 0]

    h = onp.arange(2.0 * rows).reshape(rows, 2)
    states, gains = Boundaries.by_rows(SimpleNamespace(a=A[:run]), call, h)
    assert asked == calls and states.tolist() == (2 * h).tolist() and gains.tolist() == h[:, 0].tolist()


TRUE, OTHER = onp.arange(4.0)[:, None] * onp.ones(N), onp.arange(4.0)[:, None] * onp.linspace(2, 3, N)
OFF_A, OFF_B = onp.linspace(0.1, 0.9, N), onp.linspace(0.9, 0.3, N)


def exchanged(wrong, spots=(1, 2), off=(OFF_A, OFF_B), boundaries=(0, 1, 2, 3)):
    """Runs at a and b of four boundaries, whose step after `wrong` is off; what is exchanged there tells it."""
    a, b = off
    log_dets = lambda i: TRUE[i] + OTHER[-1] - OTHER[i] + (b if i <= wrong else a)  # noqa: E731
    side = Side(a="at a", b="at b", other=SimpleNamespace(log_det=OTHER[-1] + b), exchanged=log_dets)
    side.all = [SimpleNamespace(spots=[1] * (i in spots)) for i in range(4)]
    marks = [SimpleNamespace(boundary=i) for i in boundaries]
    true_at = {"at a": TRUE, "at b": OTHER}.get
    return Exchanged(SimpleNamespace(side=side, error=a, marks=marks, true_at=true_at))


@pytest.mark.parametrize(("wrong", "spots", "step"), [
    (0, (1, 2), (0, 1)), (1, (1, 2), (1, 2)), (2, (1, 2), (2, 3)), (1, (2,), (0, 2)), (1, (1,), (1, 3)), (1, (), None),
])  # fmt: skip
def test_the_step_whose_error_follows_the_state(wrong, spots, step):
    assert exchanged(wrong, spots).step == step


def test_an_error_that_is_one_number_follows_no_state():
    assert exchanged(1, off=(0 * OFF_A + 0.5, 0 * OFF_A + 0.5)).step is None
    assert exchanged(1, off=(0 * OFF_A + 0.5, 0 * OFF_A + 0.5001)).step == (1, 2)
    assert exchanged(1, boundaries=(1, 2)).step is None


def test_the_claims_of_the_wrong_step():
    found = exchanged(1)
    side = found.side
    side.step = lambda p, q: lambda h: (h + 10 * p + q, "no log_det")
    side.going_on = lambda i, h: 100 * i + h[:, 0]
    side.by_rows = lambda call, h: call(h)
    y, claim = found.claims()(onp.arange(7.0)[:, None])
    assert y.ravel().tolist() == [12 + k for k in range(7)]
    base = (TRUE[2] - TRUE[1] + OFF_A)[[0, 1, 2, 3, 4, 0, 1]]
    assert claim.tolist() == pytest.approx((100 - 200 - 12 + base).tolist())
