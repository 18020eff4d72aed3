"""A map of a user's may divide by 0 or overflow on its way: no look of the audit warns,
or stops where that is an error."""

from types import SimpleNamespace

import numpy as onp
import pytest
from tried_maps import rng
from tried_maps import small_trial as trial_of

from nfscratch.check.letters import (
    bridge,
    calls,
    cancellation,
    definition,
    edges,
    gradients,
    growth,
    integral,
    jacobian,
    jumps,
    kinks,
    mass_box,
    out_of_reach,
    purity,
    round_trip,
    shapes,
    small_batches,
    structure,
)
from nfscratch.check.repair import beside, between, directions, ends
from nfscratch.check.repair.screens import OfAll, OfLogDet, OfRoundTrip


def loud(result):
    """A function that divides by 0 and gives this of its argument."""

    def f(a, *_):
        onp.ones(1) / onp.zeros(1)
        return result(a)

    return f


def anywhere(frame):
    return True


NOISY = trial_of(loud(lambda z: z), loud(lambda x: x))
DENSITY = trial_of(lambda z: z, log_prob=loud(lambda x: -0.5 * (x**2).sum(axis=1) - onp.log(2 * onp.pi)))
INF = onp.array([onp.inf, 1.0])
Z = onp.full((2, 1), 0.5)
OVERFLOW = trial_of(lambda z: onp.where(z > 0.7, onp.inf, z), lambda x: x, z=[[0.5, 0.2], [0.9, 0.1], [0.1, 0.3]])
INFINITE = trial_of(
    lambda z: onp.where(z > 0.7, onp.inf, z), lambda x: onp.where(onp.isinf(x), 0.9, x), z=[[0.5, 0.2], [0.9, 0.1]]
)
LOG_DETS = trial_of(lambda z: z, log_det=lambda a: onp.where(a[:, 0] > 0, onp.inf, 0.0))


def there(z):
    h = loud(lambda a: a + 1)(z)
    return 2 * h, 0


def back(x):
    return x / 2 - 1, 0


def vjp(params, at, context):
    return loud(lambda a: a)(at), onp.zeros(len(at)), lambda g, g_log_det: (loud(lambda a: a)(g), at, None)


LAYER = SimpleNamespace(
    bijection=SimpleNamespace(forward_vjp=vjp), params=(), context=None, dtype=onp.dtype("float64"),
)  # fmt: skip
BASE = SimpleNamespace(in_shape=(1,), dtype=onp.float64, q=loud(lambda z: -0.5 * z[:, 0] ** 2))
LINE = SimpleNamespace(least=1e-6, trial=SimpleNamespace(subject=SimpleNamespace(precision=2e-16, dim=1)))

LOOKS = {
    "calls": lambda: calls.called(loud(lambda a: [a]), Z),
    "X": lambda: cancellation.check_log_dets_cancel(LOG_DETS),
    "D": lambda: definition.check_definition(DENSITY),
    "D of draws": lambda: definition._against_log_prob(DENSITY, DENSITY.x, onp.zeros(len(DENSITY))),
    "edges": lambda: edges._off(OVERFLOW),
    "pullbacks": lambda: gradients._pulled(LAYER, "forward", Z, rng()),
    "growth": lambda: growth._stands_still(onp.array([INF]), onp.array([INF])),
    "ends of growth": lambda: growth._is_at_end(onp.array([INF]), onp.array([INF])),
    "N": lambda: integral._log_density(DENSITY, DENSITY.x),
    "J": lambda: jacobian.check_jacobian(LOG_DETS, "forward"),
    "jumps": lambda: jumps._steepest(onp.array([onp.inf, onp.inf, 0.0, 1.0]), 1e-6),
    "constants": lambda: jumps._ends_of_constants(LINE, onp.arange(3.0), onp.full(3, onp.inf), 1e-6),
    "a wide spread": lambda: jacobian.log_abs_det(onp.eye(2)[None], onp.full((1, 2, 2), 4e307), onp.zeros(1), NOISY),
    "spots": lambda: jumps._Spots(*(onp.array([v]) for v in (0.0, 1.0, onp.inf, onp.inf, 1.0))).still_jumping(1e-6),
    "kinks": lambda: kinks._is_one_line(onp.zeros(3), onp.zeros((3, 1))),
    "mass": lambda: mass_box._dense_points(BASE, [-1.0], [1.0], 5, -14.0),
    "far out": lambda: out_of_reach._falls_short(INF, INF),
    "P": lambda: purity._is_overwritten(loud(lambda a: [a]), Z),
    "R": lambda: round_trip.check_round_trip(OVERFLOW),
    "R of infinite x": lambda: round_trip.check_round_trip(INFINITE),
    "S": lambda: shapes.check_shapes(NOISY),
    "T": lambda: structure._changes(OVERFLOW, 0),
    "densities": lambda: bridge._density(loud(lambda z: z[:, 0]), Z),
    "shares": lambda: bridge._share(INF, INF),
}  # fmt: skip


@pytest.mark.parametrize("name", LOOKS)
def test_what_a_map_divides_by_0_is_no_affair_of_a_look(name):
    with onp.errstate(all="raise"):
        LOOKS[name]()


def test_what_the_looks_say_is_what_they_say_of_a_silent_map():
    with onp.errstate(all="raise"):
        assert calls.called(loud(lambda a: [a]), Z)[0].tolist() == Z.tolist()
        assert definition.check_definition(DENSITY).ok and edges._refusal(NOISY.subject.at([0]), NOISY.z[:1]) is None
        assert shapes.check_shapes(NOISY).ok and small_batches._batch(NOISY, 1, "forward") is None
        assert not purity._is_overwritten(loud(lambda a: [a]), Z)
        assert out_of_reach._same(lambda: loud(lambda a: a)(Z), Z).all()
        assert between.values_missed(there, back, Z, anywhere, 1e-5) == (1, False)
        assert mass_box._dense_points(BASE, [-1.0], [1.0], 5, -14.0).shape == (5, 1)
        kept = ends.Ends(NOISY.subject, anywhere)
        assert set(kept.batches) == {"forward", "inverse"} and kept.are_answered()


@pytest.mark.parametrize("kind", [OfRoundTrip, OfAll])
def test_a_screen_is_silent(kind):
    with onp.errstate(all="raise"):
        screen = kind(NOISY, 0, anywhere)
        assert screen.results is not None and screen.passes() and screen.changed() == frozenset()
        assert not screen.moves_points()
    if kind is OfRoundTrip:
        with onp.errstate(all="raise"):
            assert screen.undoes_now()


def test_a_screen_of_a_log_det_is_silent():
    with onp.errstate(all="raise"):
        screen = OfLogDet(NOISY, 0, "forward", anywhere)
        assert screen.passes() and not screen.moves_log_det_alone()
        both = directions.direction_of_log_det(NOISY, {"J forward", "J inverse"}, anywhere)
    assert both == "forward"
    search = object.__new__(beside.SearchBeside)
    search.__dict__.update(
        checks=2, trial=None, others=(), _is_met=anywhere, _checks=lambda trial: [SimpleNamespace(failed=False)]
    )
    search._seems_right = lambda: bool(loud(lambda a: True)(0))
    with onp.errstate(all="raise"):
        assert search._holds()
