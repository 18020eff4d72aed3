"""Letters J, R, D, G, N and O by their parts: what each compares, what it allows, and what it says."""

from types import SimpleNamespace

import numpy as onp
import pytest
from comparing import close
from tried_maps import rng, zero
from tried_maps import small_trial as trial_of

from nfscratch.check import judging
from nfscratch.check.finding import Finding, Outcome, Symptom, inconclusive, not_applicable
from nfscratch.check.letters import (
    definition,
    directional,
    flow_gradients,
    gradients,
    integral,
    jacobian,
    joins,
    onto,
    round_trip,
)
from nfscratch.check.pairs import of_pair, of_pairs
from nfscratch.check.trial import Trial
from nfscratch.ops.roots import InversionError

REALS = (-onp.inf, onp.inf)
LOG_2PI = onp.log(2 * onp.pi)


# --- judging ---


def judge(error, allowed, limit=onp.inf, z=((3.0, 0), (1.0, 0), (2.0, 0))):
    z = onp.array(z)
    trial = SimpleNamespace(z=z, usable=onp.ones(len(z), dtype=bool), limit=limit)
    return judging.judged(
        "R", "what", onp.array(error), onp.array(allowed), trial, {"z": z, "x": 10 * z}, "x", Symptom.RANK
    )


def test_the_failing_row_nearest_to_0_is_shown():
    found = judge([5.0, 0.1, 4.0], [1.0, 1.0, 1.0])
    assert (found.error, found.evidence["row"], found.at) == (4.0, 2, "x = [20, 0]") and found.failed
    assert found.evidence["bad"].tolist() == [True, False, True] and found.symptom is Symptom.RANK
    passing = judge([0.1, 0.4, 0.5], [1.0, 0.5, 1.0])
    assert (passing.error, passing.tolerance, passing.evidence["row"]) == (0.4, 0.5, 1) and passing.ok
    assert judge([0.5, 1.0, 0.5], [1.0] * 3).ok and judge([onp.nan, 0.0, 0.0], [1.0] * 3).evidence["row"] == 0
    limited = judge([5.0, 0.1, 0.1], [2.9, 0.5, 0.5], limit=1.0)
    assert limited.failed and judge([5.0, 0.1, 0.1], [3.1, 0.5, 0.5], limit=1.0).ok
    assert judge([0.1] * 3, [9.0] * 3, limit=1.0).outcome is Outcome.INCONCLUSIVE


def test_rows_that_are_not_judged_pass_and_a_bound_itself_is_allowed():
    near = ((0.5, 0), (0.1, 0), (4.0, 0))
    assert judge([9.0, 0.0, 0.0], [1.5, 0.5, 0.5], limit=1.0, z=near).ok  # 1.5 is too much beside 0.5
    assert judge([9.0, 0.0, 0.0], [0.9, 0.5, 0.5], limit=1.0, z=near).failed
    assert judge([0.0, 0.0, 9.0], [0.5, 0.5, 3.9], limit=1.0, z=near).failed
    passing = judge([9.0, 0.25, 0.0], [onp.inf, 0.5, 0.5], limit=1.0, z=near)
    assert (passing.error, passing.tolerance, passing.evidence["row"]) == (0.25, 0.5, 1)
    only = judge([9.0, 0.0, 0.0], [onp.inf, 0.5, 0.5], limit=1.0, z=near)
    assert only.error == 0.0 and only.tolerance == 1.0 and only.ok
    assert not judge([0.5, 0.0, 0.0], [0.5] * 3).evidence["bad"].any()
    none = judge([0.0] * 3, [9.0] * 3, limit=1.0, z=near)
    assert (none.letter, none.what, none.why) == ("R", "what", "the points are too badly conditioned to judge")


def test_the_first_words_of_looks_that_hold_are_kept():
    good, told, other = Finding("E", "b", 0.0, 0.0), *(Finding("E", "b", 0.0, 0.0, why=why) for why in ("one", "two"))
    for looks, wanted in (((told, other), told), ((good, told, good), told), ((None, good), good), ((), good)):
        assert judging.first_failure([lambda look=look: look for look in looks], good) is wanted
    failing = judging.failing("E", "what", "words", Symptom.JUMP, "x", onp.ones((1, 1)), 0)
    assert (failing.letter, failing.what, failing.error, failing.tolerance) == ("E", "what", 1.0, 0.0)
    nothing = not_applicable("E", "why")
    assert (nothing.letter, nothing.error, nothing.tolerance, nothing.why) == ("E", 0.0, 0.0, "why")


def test_a_point_in_words():
    assert judging.point("z", onp.array([[1.0, -0.123456]]), 0) == "z = [1, -0.1235]"
    assert judging.point("x", onp.arange(7.0)[None], 0) == "x = [0, 1, 2, 3, 4, 5, ...]"
    assert judging.point("x", onp.arange(6.0)[None], 0) == "x = [0, 1, 2, 3, 4, 5]"


def test_the_first_look_that_fails():
    bad, good = Finding("E", "a", 1.0, 0.0), Finding("E", "b", 0.0, 0.0)
    assert judging.first_failure([lambda: None, lambda: good, lambda: bad], good) is bad
    assert judging.first_failure([lambda: None], good) is good
    failing = judging.failing("E", "what", "words", Symptom.JUMP, "x", onp.ones((2, 2)), 1, yours=3)
    assert failing.failed and failing.at == "words at x = [1, 1]" and failing.evidence["yours"] == 3
    assert judging.failing("E", "what", "words", Symptom.JUMP, "x", onp.ones((0, 2)), 0).at == "words"


# --- J and R ---


def test_a_log_det_against_its_jacobian():
    trial = trial_of(onp.sinh, onp.arcsinh, log_det=lambda a: onp.log(onp.cosh(a)).sum(axis=1))
    forward = jacobian.check_jacobian(trial, "forward")
    assert forward.ok and forward.what == "log_det forward against finite differences" and forward.at.startswith("z = ")
    assert 1e-6 < forward.tolerance < 1e-4
    close(forward.evidence["expected"], onp.log(onp.cosh(trial.z)).sum(axis=1), 1e-8)
    inverse = jacobian.check_jacobian(trial, "inverse")
    assert inverse.failed and inverse.at.startswith("x = ") and inverse.what.startswith("log_det inverse")
    z = rng().normal(size=(8, 2))
    holes = trial_of(lambda z: z, z=z, log_det=lambda a: onp.where((a == z[2]).all(axis=1), onp.nan, 0.0))
    assert jacobian.check_jacobian(holes, "forward").failed
    assert jacobian.check_jacobian(holes, "forward", finite_only=True).ok


@pytest.mark.parametrize(("doubt", "fails"), [(0.0, True), (0.5e-3, True), (2e-3, False)])
def test_a_small_error_is_excused_where_log_det_scatters_by_as_much(doubt, fails, monkeypatch):
    trial = trial_of(lambda z: 2 * z, lambda x: x / 2, log_det=lambda a: zero(a) + 2 * onp.log(2) + 1e-3)
    asked = []

    def scatter(trial, direction, bad, off):
        asked.append((direction, bad, off))
        return onp.full(len(off), doubt)

    monkeypatch.setattr(jacobian, "scatter", scatter)
    found = jacobian.check_jacobian(trial, "forward")
    assert found.failed is fails and bool(found.why) is not fails
    (direction, bad, off), *_ = asked
    assert direction == "forward" and bad.all() and (found.evidence["J"].shape == (12, 2, 2))
    close(off, onp.full(12, 1e-3), 1e-7)
    close(found.evidence["J"][0], 2 * onp.eye(2), 1e-9)
    right = trial_of(lambda z: 2 * z, lambda x: x / 2, log_det=lambda a: zero(a) + 2 * onp.log(2))
    assert jacobian.check_jacobian(right, "forward").ok and len(asked) == 1


@pytest.mark.parametrize(("spread", "claimed"), [(0.0, 0.0), (1e-4, 0.0), (0.0, 1e6), (0.0, onp.inf)])
def test_what_is_allowed_to_a_log_det(spread, claimed):
    J = onp.stack([onp.diag([2.0, 0.5]), onp.diag([1.0, onp.nan])])
    trial = SimpleNamespace(subject=SimpleNamespace(precision=1e-10, depth=3, dim=2))
    true, allowed = jacobian.log_abs_det(J, onp.full((2, 2, 2), spread), onp.full(2, claimed), trial, 1e-5)
    assert abs(true[0]) < 1e-12 and onp.isnan(true[1]) and not allowed[1] < onp.inf
    rounding = 64 * 1e-10 * (4 + 6 + claimed) if onp.isfinite(claimed) else 0.0
    assert allowed[0] == pytest.approx(1e-5 + 4 * 2.5 * spread + rounding)


def test_a_jacobian_of_its_own():
    import nfscratch as nf

    made = nf.PLU(2)
    params = made.init(rng())
    from nfscratch.check.trial import of_bijection_at

    trial = of_bijection_at(made, params, rng().normal(size=(4, 2)))
    found = jacobian.check_closed_form(trial)
    assert found.ok and (found.unjudged is not None or found.what == "jacobian() against finite differences")
    plain = jacobian.check_closed_form(trial_of(lambda z: z))
    assert plain.outcome is Outcome.NOT_APPLICABLE and plain.why == "no jacobian() of its own"
    close(jacobian._largest_entry(onp.array([[[1.0, -3.0]], [[0.0, 2.0]]])), [3.0, 2.0], 0)


@pytest.mark.parametrize(("off", "size", "spread", "fails"), [
    (0.9e-6, 0.5, 0.0, False), (1.1e-6, 0.5, 0.0, True), (3.9e-6, 4.0, 0.0, False), (4.1e-6, 4.0, 0.0, True),
    (40.9e-6, 0.5, 1e-5, False), (41.1e-6, 0.5, 1e-5, True), (onp.inf, 0.5, 0.0, True),
])  # fmt: skip
def test_an_entry_of_a_jacobian_of_its_own(off, size, spread, fails):
    from nfscratch.bijections.contract import Bijection

    J = onp.tile(onp.array([[size, 0.0], [0.0, size]]), (2, 1, 1))
    own = J.copy()
    own[1, 0, 1] += off
    made = type("Own", (), {"jacobian": lambda self, params, z, context: own})()
    subject = SimpleNamespace(bijection=made, dtype=onp.dtype("float64"), params=None, context=None)
    numeric = (J, onp.full((2, 2, 2), spread), None, None)
    trial = SimpleNamespace(subject=subject, J=J, numeric=numeric, z=onp.ones((2, 2)), limit=onp.inf)
    trial.usable = onp.ones(2, dtype=bool)
    found = jacobian.check_closed_form(trial)
    assert found.failed is fails and found.symptom is Symptom.CLOSED_FORM
    assert found.evidence["J_claimed"] is found.evidence["yours"] and (found.evidence["expected"] == J).all()
    subject.dtype = onp.dtype("float32")
    assert jacobian.check_closed_form(trial).why == "no jacobian() of its own"
    subject.dtype, subject.bijection = onp.dtype("float64"), type("Plain", (), {"jacobian": Bijection.jacobian})()
    assert jacobian.check_closed_form(trial).why == "no jacobian() of its own"
    close(jacobian._largest_entry(0.25 * J), [0.25 * size] * 2, 1e-12)


def test_no_slope_and_no_claim_are_no_warning():
    J = onp.stack([onp.zeros((2, 2)), onp.eye(2)])
    trial = SimpleNamespace(subject=SimpleNamespace(precision=1e-10, depth=3, dim=2))
    with onp.errstate(all="warn"):
        true, allowed = jacobian.log_abs_det(J, 0 * J, onp.array([-onp.inf, 0.0]), trial)
    assert true.tolist() == [-onp.inf, 0.0] and allowed[0] == 1e-6


def test_a_round_trip_compares_both_orders():
    right = round_trip.check_round_trip(trial_of(lambda z: 2 * z, lambda x: x / 2))
    assert right.ok and right.error == 0.0 and right.what == "inverse(forward(z)) against z"
    wrong = round_trip.check_round_trip(trial_of(lambda z: 2 * z, lambda x: x / 2 + 1e-3))
    assert (
        wrong.failed
        and wrong.error == pytest.approx(1e-3)
        and (wrong.evidence["expected"] == wrong.evidence["z"]).all()
    )
    nan = round_trip.check_round_trip(trial_of(lambda z: 2 * z, lambda x: onp.where(onp.abs(x) < 0.5, onp.nan, x / 2)))
    assert nan.failed and nan.error == onp.inf


def stuck(slope, claim, error=1.0, n=4, **more):
    """forward stands still, or nearly, and log_det says `claim`."""
    return trial_of(
        lambda z: slope * z + 1, lambda x: x * error, dim=1, n=n, log_det=lambda a: onp.full(len(a), claim), **more
    )


@pytest.mark.parametrize(("claim", "found"), [(-20.0, False), (5.0, True)])
def test_forward_stands_still_and_log_det_says_that_it_moves(claim, found):
    trial = stuck(1e-9, claim)
    J, spread, _, _ = trial.numeric
    error = onp.ones(4)
    most = onp.log(onp.abs(J) + spread)[:, 0, 0]
    finding = round_trip._still(trial, error, {"z": trial.z})
    assert (finding is not None) is found and bool(claim > most.max() + 3.0) is found
    if found:
        assert finding.symptom is Symptom.STANDS_STILL and finding.tolerance == 1e-2 and finding.error == 1.0
        assert finding.evidence["row"] == int(onp.argmin(onp.abs(trial.z[:, 0])))
        assert finding.what.startswith("forward stands still, and log_det says that it moves")
        for size, seen in ((0.9e-2, False), (2.0, True)):
            assert (round_trip._still(trial, size * onp.ones(4), {"z": trial.z}) is not None) is seen
    assert round_trip._still(stuck(1e-9, claim, dtype="float32"), error, {}) is None


def test_a_map_of_which_nothing_comes_back():
    lost = trial_of(lambda z: z @ onp.array([[1.0, 1.0], [1.0, 1.0]]), z=[[0.5, 1.0], [1.0, -1.0], [9.0, 9.0]])
    error = onp.array([1.0, 1.0, 0.0])
    finding = round_trip._lost(lost, error, {"z": lost.z})
    assert finding.symptom is Symptom.SINGULAR and finding.what.startswith("forward is singular, or nearly so")
    assert finding.evidence["rows"].tolist() == [True, True, False] and finding.evidence["row"] == 0
    assert round_trip._lost(lost, onp.array([1.0, 0.5e-2, 1.0]), {"z": lost.z}) is None
    sound = trial_of(lambda z: 2 * z, z=[[0.5, 1.0]])
    assert round_trip._lost(sound, onp.ones(1), {"z": sound.z}) is None


# --- D ---


def density(claim=lambda x: 0.0, **more):
    """x = 2 z + 1 with a log_prob that is off by claim(x)."""
    q = lambda z: -0.5 * (z**2).sum(axis=1) - LOG_2PI  # noqa: E731
    log_prob = lambda x: q((x - 1) / 2) - 2 * onp.log(2) + claim(x)  # noqa: E731
    more = {"log_prob": log_prob} | more
    pair = (lambda z: (2 * z + 1, zero(z) + 2 * onp.log(2)), lambda x: ((x - 1) / 2, zero(x) - 2 * onp.log(2)))
    return Trial(of_pair(*pair, 2, **more), rng().normal(size=(8, 2)))


def test_a_density_against_its_definition():
    right = definition.check_definition(density())
    assert right.ok and right.what == "log_prob against log q(z) + log|det J|" and right.at.startswith("x = ")
    trial = density(lambda x: 1e-3)
    wrong = definition.check_definition(trial)
    e = wrong.evidence
    assert wrong.failed and wrong.error == pytest.approx(1e-3, rel=1e-3)
    close(e["log_det"], onp.full(8, -2 * onp.log(2)), 1e-8)
    close(e["q"], -0.5 * (trial.z**2).sum(axis=1) - LOG_2PI, 1e-12)
    close(e["q_at_x"], -0.5 * (trial.x**2).sum(axis=1) - LOG_2PI, 1e-12)
    close(e["expected"], e["q"] + e["log_det"], 1e-12)
    none = definition.check_definition(trial_of(lambda z: z))
    assert none.outcome is Outcome.NOT_APPLICABLE and none.why == "no log_prob was given"
    misshapen = definition.check_definition(density(log_prob=lambda x: onp.zeros((len(x), 2))))
    assert misshapen.why == "log_prob is not one number for each row, as S says"


def test_draws_with_their_density():
    trial = density()
    s = trial.subject
    z = rng(1).normal(size=(8, 2))
    x, claimed = 2 * z + 1, s.log_prob(2 * z + 1)
    right = definition._against_log_prob(trial, x, claimed)
    assert right.ok and right.what == definition.JOINT
    wrong = definition._against_log_prob(trial, x, claimed + 1e-3)
    assert wrong.failed and wrong.symptom is Symptom.JOINT and wrong.at.startswith("x = ")
    close(wrong.evidence["z"], z, 1e-12)
    close(wrong.evidence["log_det"], onp.full(8, 2 * onp.log(2)), 1e-12)
    assert definition._misshapen(s, x, claimed, 8) is None
    for bad in ((x[:5], claimed), (x, claimed[:5]), (x.astype("float32"), claimed), (x, claimed.astype("float32"))):
        found = definition._misshapen(s, *bad, 8)
        assert found.symptom is Symptom.SHAPE and found.error == onp.inf and found.tolerance == 0.0
    words = "sample_and_log_prob must give (8, 2) and (8,) in float64; got (8, 2) float64 and (5,) float64"
    assert definition._misshapen(s, x, claimed[:5], 8).at == words
    assert definition.check_joint(trial, rng()).why == "no sample_and_log_prob"


@pytest.mark.parametrize(("n", "misshapen"), [(8, None), (8, "a shape"), (1, None), (0, None)])
def test_draws_with_their_density_are_asked_once_for_each_row(n, misshapen, monkeypatch):
    asked = []
    draw = lambda rng, n: asked.append((rng, n)) or (onp.ones((n, 2)), onp.zeros(n))  # noqa: E731
    trial = density(sample_and_log_prob=draw)
    trial = Trial(trial.subject, trial.z[:n])
    monkeypatch.setattr(definition, "_misshapen", lambda s, x, claimed, n: misshapen if s is trial.subject else "other")
    look = lambda trial, x, claimed: (x.shape, claimed.shape)  # noqa: E731
    monkeypatch.setattr(definition, "_against_log_prob", look)
    found = definition.check_joint(trial, "rng")
    if n == 0:
        assert found.why == "no sample_and_log_prob" and asked == []
    else:
        assert found == (misshapen or ((n, 2), (n,))) and asked == [("rng", n)]


# --- G ---


def slope_of(f, exact, size=1.0, scale=1.0):
    return directional._judge(f, exact, size, scale)


def test_the_slope_along_a_direction():
    f = lambda t: onp.sin(t) + 2 * t  # noqa: E731
    error, allowed, settled = slope_of(f, 3.0)
    assert settled and abs(error) < allowed and 1e-6 < allowed < 1.2e-6
    error, allowed, settled = slope_of(f, 3.1)
    assert settled and error == pytest.approx(-0.1) and allowed < 1e-4
    assert slope_of(f, 3.0, size=1e3)[1] >= 1e-3
    error, _, settled = slope_of(lambda t: onp.sin(1e9 * t), 5.0)
    assert not settled
    error, _, settled = slope_of(lambda t: onp.nan, 1.0)
    assert not settled and error == onp.inf
    kink = lambda t: abs(t - 5e-5) + t  # noqa: E731
    assert slope_of(kink, 0.0)[2] and abs(slope_of(kink, 0.0)[0]) < 1e-6


@pytest.mark.parametrize(("slopes", "scale", "error", "which", "settled"), [
    ([1.0] * 5, 1e6, 0.0, 4, True), ([5, 2, 2.0001, 3, 4], 1e6, 1.0001, 2, True),
    ([5, 2, 2 + 1.61e-3, 3, 4], 1e6, 1 + 1.61e-3, 2, True), ([5, 2, 2 + 1.63e-3, 3, 4], 1e6, 1 + 1.63e-3, 2, False),
    ([5, 2, 2.01005, 3, 4], 1e7, 1.01005, 2, True), ([5, 2, 2.0102, 3, 4], 1e7, 1.0102, 2, False),
    ([onp.nan, 2, 2.0001, onp.inf, 4], 1e6, 1.0001, 2, True), ([2, 2.0001, 9, 11, 15], 1e6, 1.0001, 1, True),
    ([9, 9.5, 11, 1.0148, 5], 1e6, 0.0148 - 1e-4, 3, True),
])  # fmt: skip
def test_the_slope_of_two_lengths_that_agree(slopes, scale, error, which, settled):
    """64 roundings of the scale over the length h = 1e-3 to 1e-7 are allowed, and a millionth; 1 is claimed."""
    exact = 1.0 if which != 3 else 1.0001

    def f(t):
        h = min(directional.LENGTHS, key=lambda h: min(abs(abs(t) - h), abs(abs(t) - 2 * h)) / h)
        return slopes[directional.LENGTHS.index(h)] * t

    found = directional._judge(f, exact, 1.0, scale)
    assert bool(found[2]) is settled and found[0] == pytest.approx(error, abs=1e-6)
    assert found[1] == pytest.approx(1e-6 + 64 * 2.3e-16 * scale / directional.LENGTHS[which])


def test_the_finding_of_a_gradient():
    at = onp.array([[0.5, 1.0]])
    terms = [onp.array([1.0, 0.5]), onp.array([1.5])]
    right = directional.along("forward", lambda t: 3 * t, terms, 1.0, "z", at)
    assert right.ok and right.what == "gradient of forward against finite differences" and right.at == "z = [0.5, 1]"
    wrong = directional.along("forward", lambda t: 4 * t, terms, 1.0, "z", at)
    assert wrong.failed and wrong.error == pytest.approx(1.0) and wrong.symptom is Symptom.GRADIENT
    assert wrong.evidence["yours"] == 3.0 and wrong.evidence["expected"] == pytest.approx(4.0)
    assert (wrong.evidence["row"], wrong.evidence["function"], wrong.evidence["symbol"]) == (0, "forward", "z")
    nothing = directional.along("forward", lambda t: onp.nan, terms, 1.0, "z", at)
    assert nothing.outcome is Outcome.INCONCLUSIVE


def pullbacks(monkeypatch, findings, density=None):
    monkeypatch.setattr(gradients, "_of_pullbacks", lambda trial, rng: iter(findings))
    density = density or Finding("G", "density", 0.5, 1.0)
    monkeypatch.setattr(gradients, "check_density_gradient", lambda trial, rng: density)
    return gradients.check_gradients(SimpleNamespace(subject=SimpleNamespace(bijection=object())), None)


def test_the_worst_of_all_pullbacks(monkeypatch):
    low, high = Finding("G", "low", 0.1, 1.0), Finding("G", "high", 0.9, 1.0)
    bad, traced = Finding("G", "bad", 2.0, 1.0), not_applicable("G", "autograd")
    unknown = inconclusive("G", "unknown", "why")
    assert pullbacks(monkeypatch, [low, high, low]) is high and pullbacks(monkeypatch, [high, unknown]) is unknown
    assert pullbacks(monkeypatch, [low, bad, high]) is bad and pullbacks(monkeypatch, [traced, bad]) is traced
    nothing = pullbacks(monkeypatch, [])
    assert (nothing.letter, nothing.error, nothing.tolerance) == ("G", 0.0, 1.0)
    assert nothing.what == "gradients: finite, against finite differences"
    assert pullbacks(monkeypatch, [low], bad) is bad
    plain = gradients.check_gradients(trial_of(lambda z: z), rng())
    assert plain.outcome is Outcome.NOT_APPLICABLE and plain.why == "plain functions have no pullback"


def of_affine(dtype="float64"):
    """A trial of a layer x = W z, which has pullbacks."""
    import nfscratch as nf
    from nfscratch.check.trial import of_bijection_at

    made = nf.PLU(2)
    params = nf.trees.cast(nf.check.random_params(made, rng()), dtype)
    return of_bijection_at(made, params, rng(1).normal(size=(9, 2)).astype(dtype))


@pytest.mark.parametrize("direction", ["forward", "inverse"])
def test_gradients_of_a_layer_are_finite_and_those_of_differences(direction):
    trial = of_affine()
    rows, at = gradients._ordinary(trial, direction)
    assert rows.tolist() == [0, 1, 2, 3, 4, 5] and (at == trial.input(direction)[:6]).all()
    right = gradients._directional(trial, direction, rng())
    assert right.ok and right.what == f"gradient of {direction} against finite differences"
    assert right.at.startswith("z = [" if direction == "forward" else "x = [") and 0 < right.tolerance < 1e-3
    single = gradients._directional(of_affine("float32"), direction, rng())
    assert (single.what, single.error, single.tolerance) == (f"gradient of {direction}", 0.0, 1.0)


def spoilt_pullback(bad_rows, of_params=False):
    """A subject whose gradient is not finite at rows of these values; of_params: that of the parameters."""

    def vjp(params, a, context):
        bad = onp.isin(a[:, 0], bad_rows)
        back = lambda g_y, g_log_det: (  # noqa: E731
            {"W": onp.where(bad.any() and of_params, onp.nan, 1.0) * onp.ones(2)},
            onp.where(bad[:, None] & (not of_params), onp.inf, g_y), None,
        )  # fmt: skip
        return a, a[:, 0], back

    bijection = SimpleNamespace(forward_vjp=vjp)
    subject = SimpleNamespace(bijection=bijection, params={"W": onp.ones(2)}, context=None, dtype=onp.dtype("float64"))
    subject.at = lambda rows: subject
    return subject


@pytest.mark.parametrize(("bad", "of_params", "row"), [
    ([], False, None), ([3.0], False, 3), ([2.0], True, 2), ([5.0, 4.0], True, 4),
])  # fmt: skip
def test_a_gradient_that_is_not_finite_names_its_row(bad, of_params, row, monkeypatch):
    subject = spoilt_pullback(bad, of_params)
    at = onp.arange(6.0)[:, None] * [1.0, 2.0]
    monkeypatch.setattr(gradients, "_with_edges", lambda edge, trial, direction: (subject, at))
    found = gradients._finite("edge", "trial", "forward", rng())
    assert found.what == "gradients of forward are finite" and found.failed is (row is not None)
    if row is None:
        assert (found.error, found.tolerance) == (0.0, 1.0)
    else:
        assert (found.error, found.tolerance, found.symptom) == (onp.inf, 0.0, Symptom.NOT_FINITE)
        assert found.at == f"not finite at z = [{row}, {2 * row}]" and found.evidence["row"] == row
        assert found.evidence["function"] == "forward" and found.evidence["symbol"] == "z"


@pytest.mark.parametrize(("usable", "allowed", "z", "x", "asked"), [
    (True, 0.09, 0.5, 1.0, True), (False, 0.0, 0.5, 1.0, False), (True, 0.1, 0.5, 1.0, False),
    (True, 0.39, 4.0, 1.0, True),
    (True, 0.41, 4.0, 1.0, False), (True, 0.0, 0.5, 1e12, False), (True, 0.0, 0.5, 0.9e12, True),
])  # fmt: skip
def test_which_edges_are_asked_for_their_gradients(usable, allowed, z, x, asked):
    edge = SimpleNamespace(usable=onp.array([True, usable]), allowed=onp.array([0.0, allowed]))
    edge.z, edge.x = onp.array([[0.1], [z]]), onp.array([[0.2], [x]])
    edge.input = lambda direction: edge.x if direction == "inverse" else edge.z
    met = []
    subject = SimpleNamespace(at=lambda rows: met.append(rows.tolist()) or "subject")
    trial = SimpleNamespace(usable=onp.array([False] + [True] * 7), subject=subject)
    trial.input = lambda direction: onp.arange(8.0)[:, None]
    found, at = gradients._with_edges(edge, trial, "inverse")
    assert found == "subject" and met == [[1, 2, 3, 4, 5, 6, 0] + [1] * asked]
    assert at[:, 0].tolist() == [1, 2, 3, 4, 5, 6, 0.2] + [x] * asked


@pytest.mark.parametrize(("ends", "room"), [((0.0, 1.0), 0.1), (REALS, 1.0), ((0.0, 50.0), 1.0), ((2.0, 7.0), 0.5)])
def test_a_step_stays_inside_of_its_interval(ends, room):
    s = SimpleNamespace(ends=lambda direction: ends)
    step = gradients._step_inside(s, "forward", onp.ones((3, 2)), rng())
    close(step, room * rng().normal(size=(3, 2)), 1e-12)


def test_steps_and_products():
    params = {"a": onp.ones(2), "fixed": {"b": onp.ones(3)}}
    step = directional.random_step(params, rng())
    assert (step["a"] != 0).all() and (step["fixed"]["b"] == 0).all() and directional.step_like(None, rng()) is None
    assert directional.step_like(onp.ones((2, 3)), rng()).shape == (2, 3)
    x, c = onp.ones((1, 2)), onp.full((1, 1), 5.0)
    moved = directional.moved_by((params, x, c), (step, 2 * x, 3 * c), 0.5)
    close(moved[0]["a"], 1 + 0.5 * step["a"], 1e-12)
    close(moved[1], 2 * x, 0)
    close(moved[2], 2.5 * c, 0)
    assert directional.moved_by((params, x, None), (step, x, None), 0.5)[2] is None
    terms = directional.products(({"a": 2 * onp.ones(2)}, 3 * x, None), ({"a": onp.ones(2)}, x, None))
    assert [t.tolist() for t in terms] == [[2.0, 2.0], [[3.0, 3.0]]]
    assert len(directional.products(({"a": onp.ones(2)}, x, c), ({"a": onp.ones(2)}, x, c))) == 3


def test_a_gradient_of_float32_against_one_of_float64():
    share = flow_gradients._largest_share
    big, small = onp.array([10.0, 0.0]), onp.array([1e-3])
    assert share([big, small], [big, small]) == 0.0 and share([], []) == 0.0
    assert share([big + [1.0, 0], small], [big, small]) == pytest.approx(1.0 / (9 + 1))
    assert share([big, small + 1.0], [big, small]) == pytest.approx(1.0 / (0.9e-3 + 1))
    x = onp.array([[0.5, 1.0]])
    found = flow_gradients._found(x, 1.0, 0.05, Symptom.LEAK, ": words", "here")
    assert found.what == "gradient of log_prob in float32: words" and found.at == "here"
    assert (found.error, found.tolerance, found.evidence["function"], found.evidence["row"]) == (
        1.0,
        0.05,
        "log_prob",
        0,
    )
    nothing = flow_gradients.check_density_gradient(trial_of(lambda z: z), rng())
    assert nothing.why == "no flow" and nothing.outcome is Outcome.NOT_APPLICABLE


# --- N ---


def normal(x):
    return (-0.5 * x**2 - 0.5 * LOG_2PI).sum(axis=1)


def test_an_integral_by_the_trapezoid_rule():
    assert integral.integral(normal, [-8.0], [8.0], 101) == pytest.approx(1.0, abs=1e-9)
    assert integral.integral(normal, [-8.0, -7.0], [8.0, 9.0], 81) == pytest.approx(1.0, abs=1e-9)
    assert integral.integral(lambda x: onp.log(x[:, 0]), [0.0 + 1e-12], [2.0], 5) == pytest.approx(2.0)
    found = integral.integrates_to_one(normal, -8.0, 8.0)
    assert found.ok and found.what == "integral of the density, 401 points a side" and found.at == "integral 1.0000"
    assert found.evidence == {"integral": found.evidence["yours"], "yours": found.evidence["yours"], "expected": 1.0}
    twice = integral.integrates_to_one(lambda x: normal(x) + onp.log(2), -8.0, 8.0)
    assert twice.failed and twice.error == pytest.approx(1.0) and twice.at == "integral 2.0000"
    with pytest.raises(ValueError, match="integrates_to_one works on 1 or 2 variables; got 3"):
        integral.integrates_to_one(normal, onp.zeros(3), onp.ones(3))
    nothing = integral.integrates_to_one(lambda x: normal(x) - 9, -8.0, 8.0, sizes=(21, 41))
    assert nothing.outcome is Outcome.INCONCLUSIVE and nothing.at == "grids gave 0.0001, 0.0001"


def test_finer_grids_confirm_an_integral():
    low, high = onp.array([-8.0]), onp.array([8.0])
    assert integral._confirmed(normal, low, high, 201, 1.0, 1e-3)
    for off, confirmed in ((0.4e-3, True), (0.6e-3, False)):
        assert integral._confirmed(normal, low, high, 201, 1.0 + off, 1e-3) is confirmed
    comb = lambda x: normal(x) + onp.log(2.0) * (onp.abs(x[:, 0] / 0.08 - onp.round(x[:, 0] / 0.08)) < 1e-6)  # noqa: E731
    assert not integral._confirmed(comb, low, high, 201, 2.0, 1e-3)


def test_the_box_of_an_image():
    low, high = integral.image_box(lambda z: onp.stack([2 * z[:, 0] + 1, -z[:, 1]], axis=1), 2)
    close(low, [-11, -6], 1e-12)
    close(high, [13, 6], 1e-12)
    low, high = integral.image_box(lambda z: z**2, 1, radius=3.0, n=7)
    assert (low, high) == (0.0, 9.0)
    asked = []
    integral.image_box(lambda z: asked.append(z) or z, 2, 1.0, 5)
    assert asked[0].shape == (25, 2)


def mass(scale, off=0.0, dim=1, **more):
    """N of x = scale z with a density that is off by a factor e^off."""
    log_prob = lambda x: normal(x / scale) - dim * onp.log(scale) + off  # noqa: E731
    pair = (
        lambda z: (scale * z, zero(z) + dim * onp.log(scale)),
        lambda x: (x / scale, zero(x) - dim * onp.log(scale)),
    )
    return integral.check_integral(Trial(of_pair(*pair, dim, **({"log_prob": log_prob} | more)), onp.zeros((3, dim))))


def test_the_mass_of_a_density():
    assert mass(2.0).ok and mass(2.0, dim=2).ok and mass(1e3).ok
    wrong = mass(2.0, 0.1)
    assert wrong.failed and wrong.error == pytest.approx(onp.exp(0.1) - 1, rel=1e-3)
    assert wrong.evidence["x"].shape == (2, 1) and (wrong.evidence["x"][:, 0] == [-10.0, 10.0]).all()
    assumed = mass(2.0, log_prob=None)
    assert assumed.ok and assumed.what.endswith(" (a standard normal base is assumed)")
    assert mass(2.0, dim=3).why == "more than two variables"
    flat = integral.check_integral(trial_of(lambda z: 0 * z, dim=1, z=[[0.0]], log_prob=normal))
    assert flat.outcome is Outcome.INCONCLUSIVE and flat.why == "no finite box"
    bounded = integral.check_integral(trial_of(lambda z: z, dim=1, z=[[0.5]], domain=(0.0, 1.0)))
    assert bounded.why == "no density, and no standard normal base on 0 to 1"


def test_the_mass_between_images():
    trial = trial_of(lambda z: 2 * z, lambda x: x / 2, dim=1, z=[[0.0]], log_prob=lambda x: normal(x / 2) - onp.log(2))
    assert integral._along_image(trial) == pytest.approx(1.0, abs=1e-6)
    jump = trial_of(lambda z: z, dim=1, z=[[0.0]], log_prob=lambda x: onp.where(x[:, 0] > 0, 0.0, -9.0) + normal(x))
    assert integral._along_image(jump) == pytest.approx(0.5 * (1 + onp.exp(-9)), abs=1e-3)


# --- O ---


def test_the_room_at_an_end():
    trial = SimpleNamespace(subject=SimpleNamespace(precision=1e-16))
    assert onto._room(trial, 0.0) == 1e-5 and onto._room(trial, -30.0) == pytest.approx(3e-4)
    assert onto._room(trial, onp.inf) == 0.0
    trial.subject.precision = 1e-3
    assert onto._room(trial, 0.5) == 64e-3
    trial.subject.precision = 1e-16
    rows = onp.array([[0.5, 0.5], [-1.1e-5, 0.5], [-0.9e-5, 0.5], [0.5, 2 + 2.2e-5], [0.5, 2 + 1.8e-5]])
    assert onto._beyond(trial, (0.0, 2.0), rows).tolist() == [False, True, False, True, False]
    assert not onto._beyond(trial, REALS, rows).any()


def test_an_x_that_leaves_its_codomain():
    inside = trial_of(lambda z: z, z=[[0.2, 0.3]], codomain=(0.0, 1.0))
    assert onto._leaves(inside) is None
    beyond = onto._leaves(trial_of(lambda z: 2 * z, z=[[0.9, 0.3], [0.6, 0.3], [0.1, 0.1]], codomain=(0.0, 1.0)))
    assert beyond.symptom is Symptom.LEAVES and beyond.at == "x leaves the codomain 0 to 1 at z = [0.6, 0.3]"
    assert (beyond.evidence["yours"] == [1.2, 0.6]).all() and (beyond.evidence["expected"] == [1.0, 0.6]).all()


def test_a_determinant_that_changes_its_sign():
    folding = trial_of(lambda z: z**2, dim=1, z=[[1.0], [2.0], [-0.5], [3.0]])
    finding = onto.check_sign(folding)
    words = "det J has the sign -1, and +1 at z = [1]: the map folds, at z = [-0.5]"
    assert finding.symptom is Symptom.SIGN and finding.at == words
    assert finding.evidence["yours"] == pytest.approx(-1.0) and finding.evidence["expected"] == pytest.approx(2.0)
    other = onto.check_sign(trial_of(lambda z: -(z**2), dim=1, z=[[1.0], [2.0], [-0.5], [3.0]]))
    assert other.at.startswith("det J has the sign +1, and -1 at z = [1]")
    assert onto.check_sign(trial_of(onp.sinh, dim=1)).ok and onto.check_sign(trial_of(lambda z: -z, dim=1)).ok
    cut = trial_of(lambda z: onp.where(z > 0, z, 5 - z), dim=1, z=[[1.0], [-0.5]])
    assert onto.check_sign(cut).ok
    for jump, folds in ((1e-4, True), (1.0, False)):
        stepped = trial_of(lambda z, j=jump: onp.where(z > 0, z, j - z), dim=1, z=[[1.0], [-0.5]])
        assert onto.check_sign(stepped).failed is folds


def far(forward, inverse, **declared):
    finding = onto._far_out(trial_of(forward, inverse, **declared), rng())
    return finding.symptom, finding.at


def test_every_x_is_reached():
    assert far(lambda z: 2 * z, lambda x: x / 2)[0] is None
    symptom, words = far(lambda z: onp.where(onp.abs(z) > 5, 0.5 * z, z), lambda x: x)
    assert symptom is Symptom.REACH and "and forward of that is not x, at x = [" in words
    symptom, words = far(lambda z: z, lambda x: onp.where(onp.abs(x) > 1, onp.nan, x))
    assert symptom is Symptom.REACH and words.startswith("inverse is not finite at x = [")

    def raises(error, limit):
        def inverse(x):
            if (onp.abs(x) > limit).any():
                raise error("too far")
            return x

        return inverse

    assert far(lambda z: z, raises(InversionError, 40))[0] is None
    symptom, words = far(lambda z: z, raises(InversionError, 4))
    assert symptom is Symptom.RAISES and words.startswith("inverse raises InversionError")
    assert far(lambda z: z, raises(ValueError, 40))[0] is None and far(raises(ValueError, 40), lambda x: x)[0] is None
    assert far(lambda z: z, raises(ValueError, 4))[0] is Symptom.RAISES
    for pair in ((lambda z: z, raises(TypeError, 40)), (raises(TypeError, 40), lambda x: x)):
        with pytest.raises(TypeError, match="too far"):
            far(*pair)
    symptom, words = far(lambda z: onp.exp(z), lambda x: onp.log(x), codomain=(0.0, onp.inf))
    assert symptom is None
    symptom, words = far(lambda z: z, lambda x: 2 * x, domain=(0.0, 1.0), codomain=(0.0, 1.0), z=onp.full((2, 2), 0.5))
    assert symptom is Symptom.REACH and "outside of the domain 0 to 1" in words


# --- joins ---


def line_of(f, log_det=zero, dim=1, direction="forward", **declared):
    trial = trial_of(f, dim=dim, log_det=log_det, **declared)
    return joins._Line(trial, direction, 0, onp.full(dim, 0.4), (0.0, 1.0))


def test_the_points_and_values_of_a_line():
    line = line_of(lambda z: 3 * z, lambda z: z[:, 0], dim=2)
    close(line.points(onp.array([1.0, 2.0])), [[1.0, 0.4], [2.0, 0.4]], 0)
    close(line.values(1.0), [[3.0, 1.2, 1.0]], 1e-12)
    assert line.least == 1e-6
    line.units = onp.array([1.0, 0.0]), onp.array([2.0, 1.0])
    line.box = onp.array([-9.0, 0.5]), onp.array([4.0, 9.0])
    close(line.points(onp.array([1.0, 2.0])), [[3.0, 0.5], [4.0, 0.5]], 0)
    coarse = line_of(lambda z: z, accuracy=1e-3)
    assert coarse.least == pytest.approx(0.512)


def test_the_numbers_around_a_point():
    rows = joins._numbers_around(onp.array([[1.0, 5.0]]), 0)
    assert rows.shape == (9, 2) and (rows[:, 1] == 5.0).all() and rows[4, 0] == 1.0
    assert (onp.diff(rows[:, 0]) > 0).all() and rows[5, 0] == onp.nextafter(1.0, 2.0)
    assert rows[8, 0] == 1 + 4 * 2.0**-52 and rows[0, 0] == 1 - 4 * 2.0**-53


def test_a_spot_that_is_steep_to_the_next_number():
    steps = line_of(lambda z: 1e13 * (z - 0.5))
    assert steps.is_steep(0, 0.5) and not line_of(lambda z: z).is_steep(0, 0.5)
    assert not line_of(lambda z: 1.0 * (z > 0.5)).is_steep(0, 0.5)


def test_a_map_that_is_cut_and_glued():
    turn = lambda by: lambda a: onp.where((a > 0) & (a < 1), (a + by) % 1, a)  # noqa: E731
    line = joins._Line(trial_of(turn(0.3), turn(-0.3), dim=1), "forward", 0, onp.zeros(1), (0.0, 1.0))
    assert line.is_cut(0.7) and not line.is_cut(0.2)
    jump = joins._Line(
        trial_of(lambda z: z + (z > 0.5), lambda x: x - (x > 1.5), dim=1), "forward", 0, onp.zeros(1), (0.0, 1.0)
    )
    assert not jump.is_cut(0.5) and not jump.is_cut(0.2)


@pytest.mark.parametrize(("slope", "rounded"), [(1.0, False), (1e14, True)])
def test_a_join_that_rounding_spoils(slope, rounded):
    line = line_of(lambda z: onp.stack([slope * z[:, 0], z[:, 1]], axis=1), dim=2)
    assert bool(line.is_rounded(0.5)) is rounded


def test_what_is_said_of_a_join():
    line = line_of(lambda z: z + 1.0 * (z > 0.5), lambda z: 2.0 * (z[:, 0] > 0.5))
    jump = joins._jump(line, 0, 0.5)
    assert jump.symptom is Symptom.JUMP and jump.at == "forward jumps at z = [0.5]"
    assert jump.evidence["yours"] == pytest.approx(1.5) and jump.evidence["expected"] == pytest.approx(0.5)
    bend = joins._jump(line, 1, 0.5)
    assert bend.symptom is Symptom.DERIVATIVE_JUMPS
    assert bend.at == "log_det jumps: the derivative has two values at z = [0.5]"
    assert (bend.evidence["yours"], bend.evidence["expected"], bend.evidence["sides"]) == (2.0, 0.0, (0.0, 0.0))
    assert bend.evidence["function"] == "forward"


def test_layers_of_a_user_get_the_points_that_they_meet():
    layers = [
        [lambda a: (2 * a, zero(a)), lambda a: (a / 2, zero(a))],
        [lambda a: (a + 1, zero(a)), lambda a: (a - 1, zero(a))],
    ]
    trial = Trial(of_pairs(layers, 2), rng().normal(size=(3, 2)))
    found = joins._by_themselves(trial)
    assert len(found) == 2 and (found[1].z == 2 * trial.z).all()
    single = trial_of(lambda z: z)
    assert [t.subject for t in joins._by_themselves(single)] == [single.subject]
    assert joins._directions(SimpleNamespace(codomain_known=True)) == ("forward", "inverse")
    assert joins._directions(SimpleNamespace(codomain_known=False)) == ("forward",)
    low, high = joins._box(trial_of(lambda z: z, z=[[1.0, -2.0], [3.0, 5.0], [onp.nan, 9.0]]), "forward")
    assert low.tolist() == [1.0, -2.0] and high.tolist() == [3.0, 5.0]
    assert joins._box(trial_of(lambda z: z, z=[[onp.nan, 9.0]]), "forward") == REALS


# --- R and J by their bounds ---


def returning(**row):
    """A trial of one row between two that come back: how far z and x are off, and what is allowed to them."""
    usual = {"off_z": 0.0, "off_x": 0.0, "allowed": 1e-3, "allowed_x": 1e-2, "cost": 0.0, "room": 0.0}
    usual["usable"] = True
    of_row = lambda name: onp.array([usual[name], (usual | row)[name], usual[name]])  # noqa: E731
    z = onp.array([[0.5, 1.0], [2.0, 0.0], [0.0, 3.0]])
    trial = SimpleNamespace(z=z, x=2 * z, limit=onp.inf, usable=of_row("usable"), subject=SimpleNamespace())
    trial.back = (z + onp.stack([0 * of_row("off_z"), of_row("off_z")], axis=1), None)
    trial.again = (2 * z - onp.stack([of_row("off_x"), 0 * of_row("off_x")], axis=1), None)
    trial.allowed, trial.allowed_x = of_row("allowed"), of_row("allowed_x")
    trial.cost, trial.room = of_row("cost"), of_row("room")
    return trial


@pytest.mark.parametrize(("row", "fails"), [
    ({}, False), ({"off_z": 0.99e-3}, False), ({"off_z": -1.01e-3}, True), ({"off_x": 0.99e-2}, False),
    ({"off_x": -1.01e-2}, True), ({"off_z": 1.5e-3, "cost": 2e-3}, False), ({"off_z": 1.5e-3, "cost": 1.4e-3}, True),
    ({"off_z": onp.nan}, True), ({"off_x": onp.nan}, True), ({"off_z": 9.0, "usable": False}, False),
    ({"off_z": 1.5e-3, "cost": onp.nan}, True), ({"off_z": 1.5e-3, "room": 6e-4}, False),
    ({"off_z": 1.5e-3, "room": 4e-4}, True),
])  # fmt: skip
def test_a_round_trip_is_off_by_what_is_allowed_to_z_or_to_x(row, fails, monkeypatch):
    trial = returning(**row)
    asked = []
    monkeypatch.setattr(round_trip, "cost_of_last_digits", lambda trial: asked.append(1) or (trial.cost, None))
    monkeypatch.setattr(round_trip, "room_of_formulas", lambda trial: trial.room)
    for name in ("_still", "_lost"):
        monkeypatch.setattr(round_trip, name, lambda trial, error, evidence: None)
    found = round_trip.check_round_trip(trial)
    assert found.failed is fails and (not fails or found.evidence["row"] == 1)
    too_far = not (abs(row.get("off_z", 0)) <= 1e-3 and abs(row.get("off_x", 0)) <= 1e-2)
    assert bool(asked) is too_far


@pytest.mark.parametrize(("more", "stands_still"), [
    ({}, True), ({"error": 1e-2}, False), ({"error": 0.011, "z": 4.0}, False), ({"error": 0.05, "z": 4.0}, True),
    ({"claim": 4.0}, False), ({"claim": 4.4}, True), ({"usable": False}, False), ({"spread": 1.0}, False),
    ({"bijection": object()}, False), ({"dtype": "float32"}, False), ({"claim": onp.nan}, False),
])  # fmt: skip
def test_forward_stands_still_where_log_det_is_more_than_all_columns_allow(more, stands_still):
    """Columns of length 5 and 2 / 3: log 10/3 is 1.204, and 3 more is 4.204."""
    row = {"error": 0.011, "z": 0.5, "claim": 4.3, "usable": True, "spread": 0.0, "bijection": None}
    row |= {"dtype": "float64"} | more
    J = onp.stack([onp.array([[3.0, 0.0], [4.0, 2 / 3]])] * 2)
    spread = onp.zeros((2, 2, 2))
    spread[1] = row["spread"]
    subject = SimpleNamespace(bijection=row["bijection"], dtype=onp.dtype(row["dtype"]))
    z = onp.array([[0.1, 0.0], [row["z"], 0.0]])
    trial = SimpleNamespace(subject=subject, numeric=(J, spread, None, None), z=z)
    trial.usable, trial.there = onp.array([True, row["usable"]]), (None, onp.array([0.0, row["claim"]]))
    found = round_trip._still(trial, onp.array([9.0, row["error"]]), {"z": trial.z})
    assert (found is not None) is stands_still
    if found:
        assert found.evidence["row"] == 1 and found.evidence["bad"].tolist() == [False, True]
        assert found.evidence["rows"].tolist() == [True, True] and found.evidence["symbol"] == "z"
        assert found.error == row["error"] and found.at == f"z = [{row['z']:g}, 0]"


@pytest.mark.parametrize(("more", "lost"), [
    ({}, True), ({"error": 1e-2}, False), ({"z": 3.0, "error": 0.031}, True), ({"z": 3.0, "error": 0.029}, False),
    ({"z": 3.1}, False), ({"condition": 0.9e8}, False), ({"condition": 2.0**27}, True), ({"condition": onp.nan}, True),
    ({"usable": False}, False), ({"bijection": object()}, False), ({"dtype": "float32"}, False),
])  # fmt: skip
def test_a_map_is_singular_where_no_row_near_0_comes_back(more, lost):
    row = {"error": 0.011, "z": 0.5, "condition": 1e9, "usable": True, "bijection": None, "dtype": "float64"} | more
    subject = SimpleNamespace(bijection=row["bijection"], dtype=onp.dtype(row["dtype"]), eps=1e-4 * 2.0**-27)
    trial = SimpleNamespace(subject=subject, z=onp.array([[0.1], [row["z"]]]), usable=onp.array([True, row["usable"]]))
    trial.condition = onp.array([1.0, row["condition"]])
    found = round_trip._lost(trial, onp.array([0.0, row["error"]]), {"z": trial.z})
    assert (found is not None) is lost
    if found:
        assert found.evidence["row"] == 1 and found.evidence["rows"].tolist() == [False, True]
        assert found.tolerance == 1e-2


@pytest.mark.parametrize(("calm", "rows"), [
    ([True] * 9, [0, 1, 2, 3, 4, 5]), ([False, True, True] * 3, [1, 2, 4, 5, 7, 8]),
])  # fmt: skip
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_which_points_a_density_s_gradient_is_asked_at(calm, rows, dtype, monkeypatch):
    monkeypatch.setattr(flow_gradients, "_single", lambda s, x, rng: ("float32", s, x.tolist()))
    monkeypatch.setattr(flow_gradients, "_directional", lambda s, x, rng: ("float64", s, x.tolist()))
    subject = SimpleNamespace(flow="a flow", dtype=onp.dtype(dtype), at=lambda rows: rows.tolist())
    trial = SimpleNamespace(subject=subject, z=onp.full((9, 1), 4.0), x=onp.arange(9.0), usable=onp.ones(9, dtype=bool))
    trial.allowed = onp.where(calm, 3.9e-3, 4.1e-3)
    assert flow_gradients.check_density_gradient(trial, None) == (dtype, rows, [float(k) for k in rows])
    trial.usable[:] = False
    nothing = flow_gradients.check_density_gradient(trial, None)
    assert nothing.why == "no point is well conditioned" and nothing.letter == "G"


def test_arrays_of_unequal_number_are_no_gradients_of_one_density():
    with pytest.raises(ValueError, match=r"shorter|longer"):
        flow_gradients._largest_share([onp.ones(2)], [onp.ones(2), onp.ones(1)])
    with pytest.raises(ValueError, match=r"shorter|longer"):
        directional.products(({"a": onp.ones(2)}, None, None), ({"a": onp.ones(2), "b": onp.ones(1)}, None, None))
    with pytest.raises(ValueError, match=r"shorter|longer"):
        directional.products(({"a": onp.ones(2)}, onp.ones(1)), ({"a": onp.ones(2)}, onp.ones(1), None))
    with pytest.raises(ValueError, match=r"shorter|longer"):
        integral.integral(normal, [0.0], [1.0, 2.0], 5)
    x, c = onp.ones(2), onp.ones(3)
    assert len(directional.products(({"a": x}, x, c), ({"a": x}, x, None))) == 2  # what has no step adds nothing
    assert [len(a) for a in flow_gradients._arrays(({"a": onp.ones(4)}, x, c))] == [4, 2, 3]
    assert [len(a) for a in flow_gradients._arrays(({"a": onp.ones(4)}, x, None))] == [4, 2]
