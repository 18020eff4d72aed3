"""fit_posterior: posteriors whose evidence is known, at any location and scale, and one clear line for each fault."""

import json
import sys
import types
from dataclasses import replace
from types import SimpleNamespace

import autograd.numpy as np
import numpy as onp
import pytest
from comparing import close, close_trees
from share import few
from strict import StrictArray

import nfscratch as nf
from nfscratch.posteriors.first_params import warn_if_far
from nfscratch.posteriors.posterior_result import Trust, judged
from nfscratch.posteriors.search import Rough, draws_of, rough_posterior, several
from nfscratch.posteriors.target import Target
from nfscratch.posteriors.unbounded import Unbounded

INF = onp.inf
LOG_2PI = onp.log(2 * onp.pi)


def rng(seed=0):
    return onp.random.default_rng(seed)


def normal(x, mean, sd):
    return -0.5 * ((x - mean) / sd) ** 2 - np.log(sd) - 0.5 * LOG_2PI


A, S = rng(1).normal(size=(8, 3)), 0.7
Y = A @ rng(2).normal(size=3) + S * rng(3).normal(size=8)


def linear(x):
    """x ~ N(0, I), y ~ N(A x, s^2 I)."""
    return np.sum(normal(x, 0.0, 1.0), axis=1) + np.sum(normal(Y, np.dot(x, A.T), S), axis=1)


def exact_linear():
    """Evidence, mean and covariance."""
    C = A @ A.T + S**2 * onp.eye(8)
    log_evidence = -0.5 * (Y @ onp.linalg.solve(C, Y) + onp.linalg.slogdet(C)[1] + 8 * LOG_2PI)
    covariance = onp.linalg.inv(onp.eye(3) + A.T @ A / S**2)
    return log_evidence, covariance @ A.T @ Y / S**2, covariance


FAR = (onp.array([1e3, -5.0, 1e6]), onp.array([1e-3, 1e4, 2.0]))


def far(x):
    return np.sum(normal(x, *FAR), axis=1)


def modes(x):
    near, far = np.sum(normal(x, -2.0, 1.0), axis=1), np.sum(normal(x, 4.0, 0.5), axis=1)
    return np.logaddexp(np.log(0.3) + near, np.log(0.7) + far)


def small(dim=3):
    return nf.flows.inference(dim, layers=2, hidden=(16,))


def fit(log_prob, flow, seed=0, **options):
    return nf.fit_posterior(log_prob, flow, rng=seed, **{"steps": 200, "progress": False, **options})


# --- known answers ---


def test_the_elbo_of_a_conjugate_model_is_its_evidence():
    log_evidence, mean, covariance = exact_linear()
    result = fit(linear, small())
    assert abs(result.elbo - log_evidence) < 1e-3 and result.elbo_error < 1e-3
    assert abs(result.log_evidence - log_evidence) < 1e-3 and result.log_evidence_error < 1e-3
    draws = result.sample(40_000)
    assert (onp.abs(draws.mean(axis=0) - mean) < 0.03 * onp.sqrt(onp.diag(covariance))).all()
    close(onp.cov(draws.T), covariance, 0.03)


def test_location_and_scale_are_found_without_tuning():
    result = fit(far, small(), steps=50)
    assert abs(result.elbo) < 0.05 and abs(result.log_evidence) < 0.02
    mean, sd = FAR
    draws = result.resample(4000)
    assert (onp.abs(draws.mean(axis=0) - mean) < 0.1 * sd).all()
    assert (onp.abs(draws.std(axis=0) / sd - 1) < 0.1).all()


def test_the_search_finds_a_strongly_correlated_gaussian():
    L = onp.array([[1e-3, 0.0], [99.0, 1.0]])
    P = onp.linalg.inv(L @ L.T)
    target = Target(lambda x: -0.5 * np.sum(np.dot(x - 7.0, P) * (x - 7.0), axis=1))
    unbounded = Unbounded(nf.flows.inference(2), target)
    roughs = rough_posterior(unbounded.value, unbounded.both, 2, rng())
    assert not several(roughs)
    z = onp.linalg.solve(L, (draws_of(roughs, rng(1), 4000) - 7.0).T).T
    assert (onp.abs(z.mean(axis=0)) < 0.2).all() and (onp.abs(z.std(axis=0) - 1) < 0.2).all()


def test_of_a_density_without_a_peak_in_its_mass_the_best_gaussian_on_the_way_is_taken():
    """A funnel in 6 dimensions rises without end where x_0 falls: there its mass is not."""
    log_p = lambda x: normal(x[:, 0], 0.0, 3.0) + np.sum(normal(x[:, 1:], 0.0, np.exp(x[:, :1] / 2)), axis=1)  # noqa: E731
    unbounded = Unbounded(nf.flows.inference(6), Target(log_p))
    best = max(rough.elbo for rough in rough_posterior(unbounded.value, unbounded.both, 6, rng()))
    assert best > -6.0


def search(log_prob, dim, seed=0):
    unbounded = Unbounded(nf.flows.inference(dim), Target(log_prob))
    return rough_posterior(unbounded.value, unbounded.both, dim, rng(seed))


PLACES = [(0.0, 0), (0.0, 1), (10.0, 0), (30.0, 2), (100.0, 3)]


@pytest.mark.parametrize(("shift", "seed"), few(PLACES, [(0.0, 0), (100.0, 3)]))
def test_both_modes_are_found_wherever_they_lie(shift, seed):
    draws = draws_of(search(lambda x: modes(x - shift), 2, seed), rng(1), 2000)
    assert abs((draws[:, 0] > shift + 1).mean() - 0.7) < 0.15


@pytest.mark.parametrize(
    ("a", "b"), [((48.0, 0.5), (52.0, 0.5)), ((10.0, 0.1), (-10.0, 1.0)), ((0.0, 1e-4), (3e-3, 1e-4))]
)
def test_two_modes_of_one_variable_are_found_at_any_distance(a, b):
    two = lambda x: np.logaddexp(normal(x[:, 0], *a), normal(x[:, 0], *b)) - np.log(2.0)  # noqa: E731
    roughs = search(two, 1)
    close(sorted(rough.mean[0] for rough in roughs), sorted((a[0], b[0])), 1e-3)
    close([rough.elbo for rough in roughs], [-onp.log(2.0)] * 2, 0.3)


def test_a_density_that_falls_beyond_all_numbers_does_not_overflow_in_the_search():
    found = search(lambda x: -0.5 * x[:, 0] ** 2 - 1e304 * np.maximum(np.abs(x[:, 0]) - 3.0, 0.0), 1)
    assert abs(found[0].elbo - 0.5 * LOG_2PI) < 1.5


def test_a_mode_is_kept_once_however_many_paths_end_there():
    assert len(search(far, 3)) == 1


def test_gaussians_that_lie_apart_are_several():
    near, wide, far = (Rough(onp.full(2, m), sd * onp.eye(2), -1.0) for m, sd in ((-2.0, 1.0), (-1.5, 2.0), (4.0, 0.5)))
    assert several([near, wide, far]) and not several([near, wide])
    assert not several([near, replace(far, elbo=-9.0)])  # it has no share of the draws


@pytest.mark.exhaustive
def test_a_fit_keeps_the_modes_that_its_start_has():
    start = rng(1).normal(size=(1000, 2)) - 2
    start[300:] = 0.5 * rng(2).normal(size=(700, 2)) + 4
    flow = nf.flows.inference(2, layers=4, transformer=nf.RationalQuadraticSpline(8, 5.0))
    with pytest.warns(nf.TrainingWarning, match="no step made the validation better"):  # 100 steps are few
        result = fit(modes, flow, start=start, steps=100)
    assert result.history["validation"][0] < 1.0  # one wide Gaussian would begin at 11
    share = result.weighted.weights[result.draws[:, 0] > 1].sum()
    assert abs(share - 0.7) < 0.1 and abs(result.log_evidence) < 0.1


@pytest.mark.exhaustive
@pytest.mark.parametrize("shift", [0.0, 100.0])
def test_a_fit_without_a_start_has_both_modes(shift):
    result = fit(lambda x: modes(x - shift), 2, steps=500)
    share = result.weighted.weights[result.draws[:, 0] > shift + 1].sum()
    assert abs(share - 0.7) < 0.1 and abs(result.log_evidence) < 0.1


def constrained(x):
    """mu ~ N(5, 2^2), tau ~ Exp(mean 3), shares ~ Dirichlet(4, 2, 1.5) without its constant."""
    shares = nf.Simplex(3).shares(x[:, 2:])
    return normal(x[:, 0], 5.0, 2.0) - x[:, 1] / 3.0 - np.log(3.0) + np.dot(np.log(shares), onp.array([3.0, 1.0, 0.5]))


@pytest.mark.exhaustive
def test_a_free_a_positive_and_shares_that_add_up():
    from scipy.special import gammaln

    flow = nf.flows.inference(constraints=[1, nf.Bounds([0.0], [INF]), nf.Simplex(3)], layers=2, hidden=(16,))
    result = fit(constrained, flow, steps=300)
    exact = gammaln([4, 2, 1.5]).sum() - gammaln(7.5)
    assert abs(result.log_evidence - exact) < 0.02
    draws, weights = result.weighted
    assert (draws[:, 1] > 0).all() and (draws[:, 2:].sum(axis=1) < 1).all()
    close(weights @ draws, [5.0, 3.0, 4 / 7.5, 2 / 7.5], 0.05)


@pytest.mark.exhaustive
def test_one_variable_is_more_than_a_gaussian():
    skew = lambda x: np.logaddexp(normal(x[:, 0], 0.0, 1.0), normal(x[:, 0], 2.5, 0.5)) - np.log(2.0)  # noqa: E731
    result = fit(skew, 1, steps=300)
    assert -0.05 < result.elbo < 0.01 and abs(result.log_evidence) < 0.02


# --- the ways in which a density comes ---


def test_a_given_gradient_gives_the_same_as_autograds():
    def value_and_slope(x):
        e = (Y - x @ A.T) / S
        return linear(x), -x + e @ A / S

    vjp = lambda x: (linear(x), lambda g: g[:, None] * value_and_slope(x)[1])  # noqa: E731
    own = fit(linear, small(), steps=20)
    for result in (
        fit(value_and_slope, small(), steps=20, has_grad=True),
        fit(None, small(), steps=20, log_prob_vjp=vjp),
    ):
        close(result.elbo, own.elbo, 1e-6)


@pytest.mark.exhaustive
def test_float32_flows_hand_float32_to_the_density():
    seen = set()

    def log_prob(x):
        seen.add(str(x.dtype))
        return linear(x)

    nf.use(dtype="float32")
    try:
        result = fit(log_prob, small(), steps=60)
    finally:
        nf.use(dtype="float64")
    assert seen == {"float32"} and result.draws.dtype == "float32"
    assert abs(result.log_evidence - exact_linear()[0]) < 0.05


@pytest.mark.exhaustive
def test_on_arrays_of_a_device_the_fit_is_the_same_and_the_result_is_on_the_host():
    """Elsewhere than in the user's own function, which is autograd.numpy's."""
    flow = nf.flows.inference(constraints=[1, nf.Bounds([0.0], [INF]), nf.Simplex(3)], layers=2, hidden=(16,))
    here = fit(constrained_on_any_array, flow, steps=5, anneal=3)
    nf.backend.use_arrays_like(StrictArray(onp.empty(0)))
    try:
        there = fit(constrained_on_any_array, flow, steps=5, anneal=3)
        assert type(there.draws) is type(there.sample(3)) is onp.ndarray
    finally:
        nf.backend.use_arrays_like(onp.empty(0))
    close(there.elbo, here.elbo, 1e-6)


def constrained_on_any_array(x):
    shares = nf.Simplex(3).shares(x[:, 2:])
    return -0.5 * ((x[:, 0] - 5.0) / 2.0) ** 2 - x[:, 1] / 3.0 + np.sum(np.log(shares), axis=1)


def test_a_flow_of_the_users_own_and_parameters_to_go_on_from():
    flow = nf.Flow(nf.StandardNormal(3), nf.Chain([nf.Sylvester(3, 2), nf.Standardize(3)]))
    first = fit(linear, flow, steps=30)
    more = fit(linear, flow, params=first.params, steps=30)
    assert more.training.history["validation"][0] == pytest.approx(min(first.training.history["validation"]))


@pytest.mark.exhaustive
def test_annealing_starts_near_zero_and_the_count_of_steps_survives_a_stop(tmp_path):
    options = {"steps": 40, "anneal": 20, "evaluate_every": 10}
    whole = fit(linear, small(), **options)

    def stop(at):
        assert set(at.params) == {"base", "bijection", "embed"}  # the flow's own
        return at.step == 10

    fit(linear, small(), checkpoint=tmp_path / "run", callback=stop, **options)
    again = fit(linear, small(), checkpoint=tmp_path / "run", **options)
    close_trees(again.params, whole.params, 0.0)
    assert whole.history["loss"][0] < 1.0 < whole.history["loss"][-1]  # at beta 0.01 it is -entropy, nearly
    plain = fit(linear, small(), steps=40, evaluate_every=10)
    assert plain.history["loss"][0] > whole.history["loss"][0] + 1.0


# --- the result ---


def test_the_result_says_what_it_found():
    result = fit(linear, small(), steps=60)
    assert repr(result).startswith("PosteriorResult(elbo -") and "\n" not in repr(result)
    words = "averages with the weights are reliable; a mode that the flow never draws does not show in k_hat"
    assert f"k_hat {result.k_hat:.2f}: {words}" in repr(result)
    assert "log evidence may be off by more than its error" in repr(replace(result, k_hat=0.45))
    assert replace(result, k_hat=0.4).reliable and not replace(result, k_hat=0.45).reliable  # 0.45 + 0.084 is above 0.5
    assert "a few draws carry" in repr(replace(result, k_hat=0.7))
    assert result.reliable and result.sample(7).shape == result.resample(7).shape == (7, 3)
    close(result.sample(5, rng=3), result.sample(5, rng=3), 0.0)
    assert not onp.array_equal(result.sample(5), result.sample(5))
    draws, weights = result.weighted
    assert draws.shape == (10_000, 3) and weights.sum() == pytest.approx(1.0)
    close(weights @ draws, exact_linear()[1], 0.02)
    x, log_q = result.flow.sample_and_log_prob(result.params, rng(5), 50_000)
    log_w = linear(x) - log_q
    assert abs(log_w.mean() - result.elbo) < 5 * max(result.elbo_error, 1e-6)
    assert result.elbo_error == pytest.approx(log_w.std() / 100, rel=0.5)


def test_a_flow_that_misses_mass_has_a_large_k_hat_and_says_so():
    cauchy = lambda x: -np.sum(np.log1p(x**2), axis=1)  # noqa: E731
    result = fit(cauchy, nf.flows.linear(4, "diagonal"))
    assert result.k_hat > result.k_usable and not result.reliable
    assert "a few draws carry the weights, and log evidence and weighted averages may be off" in repr(result)


@pytest.mark.parametrize("outside", [onp.nan, -INF])
def test_a_fit_is_kept_where_log_prob_is_not_finite_at_a_fresh_draw(outside):
    """Gamma(14, 1) on the real line: the search and the fit see x > 0 alone, and a few fresh draws do not."""
    gamma = lambda x: np.where(x[:, 0] > 2.5, 13 * np.log(np.maximum(x[:, 0], 2.5)) - x[:, 0], outside)  # noqa: E731
    flow = nf.flows.linear(1, "diagonal")
    start = 3.0 * rng(4).normal(size=(1000, 1)) + 7.0
    params = flow.init(rng(), start)
    target, training = Target(gamma), SimpleNamespace(params=params, stopped="all steps done", history={})
    words = rf"log_prob must be finite at every draw of the flow; got {outside} at \d+ of 1000, .*\[.*constraints="
    with pytest.warns(nf.TrainingWarning, match=words):
        result = judged(flow, target, training, rng(), 1000)
    assert onp.isfinite([result.elbo, result.log_evidence]).all() and result.elbo < result.log_evidence
    lost = result.draws[:, 0] <= 2.5
    assert lost.any() and (result.weighted.weights[lost] == 0).all()


def test_a_posterior_that_float32_cannot_resolve_is_named():
    narrow = lambda x: -0.5 * np.sum(((x - onp.float32(1e6)) / onp.float32(1e-2)) ** 2, axis=1)  # noqa: E731
    nf.use(dtype="float32")
    try:
        with pytest.raises((ValueError, UserWarning), match=r"float32 numbers of that size lie 0\.\d+ apart"):
            fit(narrow, small(2), steps=2)
    finally:
        nf.use(dtype="float64")


# --- faults ---

FAULTS = {
    "a sum": (lambda x: np.sum(x**2), ValueError, r"shape \(3,\) .* got shape \(\); sum over the variables alone"),
    "a column": (lambda x: -(x[:, :1] ** 2), ValueError, r"one number for each row of x, .* got shape \(3, 1\)"),
    "None": (lambda x: None, ValueError, "one number for each row of x, .* got NoneType"),
    "one point": (lambda x: -(x[0] ** 2), ValueError, r"x has a row for each draw: write x\[:, 0\], not x\[0\]"),
    "NaN everywhere": (lambda x: np.log(-1.0 - x[:, 0] ** 2), ValueError, r"log_prob is nan at x = \[0, 0\], and fini"),
    "-inf everywhere": (lambda x: np.sum(x, axis=1) - INF, ValueError, r"log_prob is -inf at x = \[0, 0\], and finite"),
    "float(x)": (
        lambda x: onp.array([float(v) for v in -(x[:, 0] ** 2)]),
        TypeError,
        "cannot be differentiated .*auto",
    ),
    "rows mixed": (lambda x: -np.sum(x**2, axis=1) * len(x), ValueError, "must treat each row of x by itself"),
    "constant": (lambda x: np.zeros(len(x)), ValueError, "the gradient of log_prob must not be 0"),
    "no peak": (lambda x: 3.0 * np.sum(x, axis=1), ValueError, "log_prob must have a peak; it still rises where x is"),
    "an edge": (
        lambda x: np.where(x[:, 0] > -0.1, 0.0, -INF) - np.sum(x**2, axis=1),
        ValueError,
        r"not finite at a part of the points around its peak; .*nf.flows.inference\(constraints=",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_density_that_cannot_be_fitted_is_refused_in_one_line(fault):
    log_prob, error, words = FAULTS[fault]
    with onp.errstate(all="ignore"), pytest.raises(error, match=words) as caught:
        fit(log_prob, small(2), steps=3)
    assert "\n" not in str(caught.value)


def test_a_given_gradient_is_compared_with_a_difference_quotient():
    for wrong in (lambda x: -2.0 * x, lambda x: -x * onp.array([1.0, -1.0])):
        with pytest.raises(ValueError, match=r"gradient of log_prob must be its derivative; at x = \[.* says .* says"):
            fit(lambda x, wrong=wrong: (-0.5 * np.sum(x**2, axis=1), wrong(x)), small(2), steps=3, has_grad=True)
    narrow = lambda x: (np.sum(normal(x, *FAR), axis=1), (FAR[0] - x) / FAR[1] ** 2)  # noqa: E731
    fit(narrow, small(3), steps=1, has_grad=True)


def test_a_constant_density_is_one_on_a_bounded_set():
    """The uniform Dirichlet's, whose area in the plane is 1/2. Without the constraint it has no finite mass."""
    constant = lambda x: 0.0 * np.sum(x, axis=1)  # noqa: E731
    result = fit(constant, nf.flows.inference(constraints=[nf.Simplex(3)], layers=2, hidden=(8,)), steps=100)
    assert abs(result.log_evidence - onp.log(0.5)) < 0.05
    with pytest.raises(ValueError, match="the gradient of log_prob must not be 0"):
        fit(constant, nf.flows.inference(constraints=[1, nf.Simplex(3)]))


def test_a_start_that_does_not_fit_is_refused_by_its_name():
    inside = nf.flows.inference(constraints=[nf.Bounds([0.0, 0.0], [1.0, 1.0])])
    words = r"start must lie inside of the constraints .*; 5 of 5 rows do not, such as row 0, \[2, 2\]"
    with pytest.raises(ValueError, match=words):
        fit(lambda x: -np.sum(x**2, axis=1), inside, start=onp.full((5, 2), 2.0))
    for start, words in (
        (onp.zeros((5, 2)), r"start must have shape \(N, 3\)"),
        ([[1.0, INF, 0.0]], "start must be fin"),
    ):
        with pytest.raises(ValueError, match=words):
            fit(linear, small(), start=start)
    with pytest.raises(ValueError, match="start must have at least one row; got none"):
        fit(linear, small(), start=onp.zeros((0, 3)))


def test_an_edge_that_only_the_flow_meets_is_named_with_a_point():
    edge = lambda x: np.where(x[:, 0] > -0.1, 0.0, -INF) - np.sum(x**2, axis=1)  # noqa: E731
    start = onp.abs(rng().normal(size=(200, 2)))
    with pytest.raises(ValueError, match=r"finite at every draw of the flow; got -inf at \d+ of 1000, such as x = \["):
        fit(edge, small(2), start=start, steps=3)


def test_a_flow_that_begins_elsewhere_is_warned_of():
    words = r"variable 0 of the flow begins at .* posterior is near 1000 ± 0.00\d+; end the flow in nf.Standardize"
    with pytest.warns(nf.TrainingWarning, match=words):
        fit(far, nf.flows.planar(3, layers=1), steps=2)


def test_a_flow_that_takes_its_scales_from_draws_is_not_told_to_do_so():
    flow = small(2)
    params = flow.init(rng(), rng(1).normal(size=(50, 2)))
    with pytest.warns(nf.TrainingWarning, match=r"near 1000 .*; say where the posterior is, roughly: start="):
        warn_if_far(flow, params, rng(2).normal(size=(50, 2)) + 1e3)


def test_arguments_that_do_not_fit_are_refused():
    with pytest.raises(TypeError, match=r"log_prob must be a function of x .*; got 3"):
        fit(3, 2)
    with pytest.raises(TypeError, match=r"flow must be a Flow, such as nf.flows.inference.*; got 'two'"):
        fit(linear, "two")
    with pytest.raises(ValueError, match=r"flow must take no context, .* got context_dim 3"):
        fit(linear, nf.flows.planar(3, context_dim=3))
    with pytest.raises(ValueError, match="a draw of GaussianMixture has no derivative"):
        fit(linear, nf.flows.real_nvp(3, base=nf.GaussianMixture(3, 2)))
    with pytest.raises(ValueError, match=r"flow must be of vectors \(D,\); got shape \(1, 2, 2\)"):
        fit(linear, nf.Flow(nf.StandardNormal((1, 2, 2)), nf.ActNorm((1, 2, 2))))
    with pytest.raises(ValueError, match="by has_grad=True or by log_prob_vjp=; got both"):
        fit(linear, small(), has_grad=True, log_prob_vjp=linear)
    with pytest.raises(ValueError, match=r"has_grad=True must return \(values, gradients\); got ndarray"):
        fit(linear, small(), has_grad=True)
    with pytest.raises(ValueError, match=r"anneal must be less than steps, .*; got 200 and 200"):
        fit(linear, 3, anneal=200)
    with pytest.raises(ValueError, match="takes start or params, not both"):
        fit(linear, small(), start=onp.zeros((5, 3)), params=small().init(rng()))
    with pytest.raises(ValueError, match=r"gradients of the shape of x, \(3, 3\); got \(3,\)"):
        fit(lambda x: (linear(x), linear(x)), 3, has_grad=True)


# --- ArviZ ---


def stand_in(signature):
    module = types.ModuleType("arviz")
    module.from_dict = signature
    return module


def test_draws_reach_arviz_by_name_in_both_of_its_ways(monkeypatch):
    result = fit(linear, small(), steps=5)
    for signature in (lambda posterior=None, **groups: posterior, lambda data, **options: data["posterior"]):
        monkeypatch.setitem(sys.modules, "arviz", stand_in(signature))
        assert nf.to_arviz(result)["x"].shape == (1, 10_000, 3)
        of_result = nf.to_arviz(replace(result, log_weights=onp.where(onp.arange(10_000) == 7, 0.0, -INF)))
        assert (of_result["x"] == result.draws[7]).all()
        named = nf.to_arviz(onp.zeros((4, 50, 3)), names={"mu": 1, "theta": 2})
        assert named["mu"].shape == (4, 50) and named["theta"].shape == (4, 50, 2)
        assert list(nf.to_arviz(onp.zeros((50, 3)), names=["a", "b", "c"])) == ["a", "b", "c"]
        x = onp.arange(50.0)[:, None]
        heavy = nf.to_arviz(x, log_weights=onp.where(x[:, 0] == 7, 0.0, -INF))
        assert (heavy["x"] == 7).all()
        for names in (["a", "b"], {"a": 2}, ["a", "a", "b"]):
            with pytest.raises(ValueError, match="names must stand for the 3 columns, each once"):
                nf.to_arviz(onp.zeros((50, 3)), names=names)
    for names, error, words in (
        ("mu", TypeError, "names must be a list of names, or {name: how many columns}; got 'mu'"),
        ({"a": 3, "b": -1}, ValueError, "the number of columns of 'b' must be an integer of at least 1; got -1"),
    ):
        with pytest.raises(error, match=words):
            nf.to_arviz(onp.zeros((50, 2)), names=names)
    for bad in ([0.0, onp.nan], [INF, 0.0], [-INF, -INF]):
        with pytest.raises(ValueError, match=r"log_weights must not be NaN or \+inf, nor all -inf; their largest is"):
            nf.to_arviz(onp.zeros((2, 3)), log_weights=bad)
    with pytest.raises(ValueError, match=r"draws must have shape \(n, D\) or \(chains, n, D\); got \(3,\)"):
        nf.to_arviz(onp.zeros(3))


def test_without_arviz_one_line_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "arviz", None)
    with pytest.raises(ImportError, match=r"needs ArviZ, which is not installed: pip install 'nfscratch\[arviz\]'"):
        nf.to_arviz(onp.zeros((5, 2)))


# --- reference posteriors ---


def test_a_reference_posterior_is_checked_before_it_is_used(tmp_path, monkeypatch):
    name = "sblrc-blr"
    monkeypatch.delenv("NFSCRATCH_DATA", raising=False)
    with pytest.raises(FileNotFoundError, match="sblrc-blr: NFSCRATCH_DATA is not set; set NFSCRATCH_DATA to a folder"):
        nf.data.reference_posterior(name)
    monkeypatch.setenv("NFSCRATCH_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"there is no .*sblrc-blr.npz"):
        nf.data.reference_posterior(name)
    with pytest.raises(ValueError, match=r"name must be one of eight_schools-.*; got 'nine'"):
        nf.data.reference_posterior("nine")
    (tmp_path / "posteriordb").mkdir()
    path = tmp_path / "posteriordb" / f"{name}.npz"
    path.write_bytes(b"no archive")
    with pytest.raises(ValueError, match="is damaged, or another file: "):
        nf.data.reference_posterior(name)
    onp.savez(path, draws=onp.zeros((10, 1000, 6)), names=onp.array(["a"]), data_json=onp.array(json.dumps({})))
    with pytest.raises(ValueError, match="the SHA-256 of its draws differs"):
        nf.data.reference_posterior(name)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", ["eight_schools-eight_schools_noncentered", "sblrc-blr"])
def test_marginals_are_those_of_long_runs_of_a_sampler(name):
    try:
        reference = nf.data.reference_posterior(name)
    except FileNotFoundError as missing:
        pytest.skip(str(missing))
    log_prob, constraint, columns = MODELS[name](reference.data)
    result = fit(log_prob, nf.flows.inference(constraints=constraint), steps=1000)
    mean, sd = reference.errors(columns(result.draws))
    assert mean.max() < 0.1 and sd.max() < 0.1
    assert result.trust is not Trust.UNRELIABLE


def eight_schools(data):
    y, sigma = data["y"], data["sigma"]

    def log_prob(x):
        t, mu, tau = x[:, :8], x[:, 8], x[:, 9]
        effects = np.reshape(mu, (-1, 1)) + np.reshape(tau, (-1, 1)) * t
        likelihood = np.sum(normal(y, effects, sigma), axis=1)
        prior = np.sum(normal(t, 0.0, 1.0), axis=1) + normal(mu, 0.0, 5.0) - np.log1p((tau / 5.0) ** 2)
        return likelihood + prior

    return log_prob, [9, nf.Bounds([0.0], [INF])], lambda x: onp.hstack([x[:, 8:9] + x[:, 9:] * x[:, :8], x[:, 8:]])


def regression(data):
    X, y = data["X"], data["y"]

    def log_prob(x):
        beta, sigma = x[:, :5], x[:, 5:]
        priors = np.sum(normal(beta, 0.0, 10.0), axis=1) + normal(sigma[:, 0], 0.0, 10.0)
        return priors + np.sum(normal(y, np.dot(beta, X.T), sigma), axis=1)

    return log_prob, [5, nf.Bounds([0.0], [INF])], lambda x: x


MODELS = {"eight_schools-eight_schools_noncentered": eight_schools, "sblrc-blr": regression}


@pytest.mark.exhaustive
def test_the_funnels_evidence_is_1():
    """Ten dimensions; its scale spans e^-4.5 to e^4.5 within three standard deviations."""

    def funnel(x):
        return normal(x[:, 0], 0.0, 3.0) + np.sum(normal(x[:, 1:], 0.0, np.exp(x[:, :1] / 2)), axis=1)

    result = fit(funnel, 10, steps=2000)
    assert abs(result.log_evidence) < 0.1 and -0.2 < result.elbo < 0.01
