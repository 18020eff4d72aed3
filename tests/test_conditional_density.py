"""ConditionalFlowDensity: the density p(y | x), its quantiles and draws."""

import numpy as onp
import pytest
from refusals import refused
from scipy.stats import norm
from sklearn.base import is_regressor

import nfscratch as nf
from nfscratch.bijections.chain import Chain
from nfscratch.sklearn import ConditionalFlowDensity, conditional_flow_density

RNG = onp.random.default_rng(0)
X = RNG.normal(size=(80, 2)) + [0.0, 3.0]
Y = onp.stack([X[:, 0] + RNG.normal(size=80), 100.0 * X[:, 1] * RNG.normal(size=80)], axis=1)
LEVELS = (0.05, 0.3, 0.5, 0.9)


def conditional(**settings):
    """All rows are trained on, in large steps: the parameters are not those of the start, where x does not matter."""
    small = {"layers": 2, "hidden": (8,), "steps": 20, "learning_rate": 0.02, "validation": None}
    return ConditionalFlowDensity(**small | {"random_state": 0, "draws": 400} | settings)


def falling(dim, context_dim, **options):
    """A spline flow, and then the reflection x -> -x: it decreases in z. It standardises its context."""
    rising = nf.flows.rq_nsf(dim, context_dim=context_dim, **options)
    layers = [*rising.bijection.layers, nf.Householder(1, 1), nf.Standardize(1)]
    return nf.Flow(rising.base, Chain(layers), embed=rising.embed)


def heavy(dim, context_dim, **options):
    """A base without a quantile in closed form."""
    return nf.flows.maf(dim, context_dim=context_dim, base=nf.StudentT(dim), **options)


def dependent(dim, context_dim, hidden, layers):
    """A base that depends on x itself, and layers that do not."""
    base = nf.AutoregressiveDensity(dim, nf.Gaussian(), nf.MADE(hidden), context_dim=context_dim)
    return nf.Flow(base, Chain([nf.Standardize(dim)]))


# --- shapes, as the y of fit ---


@pytest.mark.parametrize(("y", "tail"), [(Y[:, 0], ()), (Y[:, :1], (1,)), (Y, (2,))])
def test_answers_have_the_shape_of_y(y, tail):
    fitted = conditional().fit(X, y)
    assert fitted.predict(X[:5]).shape == (5, *tail)
    assert fitted.predict_quantiles(X[:5], 0.1).shape == (5, *tail)
    assert fitted.predict_quantiles(X[:5], LEVELS).shape == (5, 4, *tail)
    assert fitted.sample(X[:5], 3).shape == (5, 3, *tail)
    assert fitted.score_samples(X, y).shape == (80,)


def test_the_scores_are_the_flow_s_own_conditional_density_and_their_mean():
    fitted = conditional().fit(X, Y)
    log_p = fitted.flow_.log_prob(fitted.params_, Y, X)
    onp.testing.assert_array_equal(fitted.score_samples(X, Y), log_p)
    assert fitted.score(X, Y) == pytest.approx(log_p.mean(), rel=1e-14)
    assert (fitted.score_samples(X, Y) != fitted.score_samples(X[::-1], Y)).any()


def test_without_y_the_score_is_that_of_the_median():
    fitted = conditional().fit(X, Y[:, 0])
    onp.testing.assert_array_equal(fitted.score_samples(X), fitted.score_samples(X, fitted.predict(X)))


def test_it_is_a_regressor_whose_score_is_no_r2():
    assert is_regressor(conditional())
    assert conditional().fit(X, Y[:, 0] * 1e-3).score(X, Y[:, 0] * 1e-3) > 1


# --- quantiles ---


@pytest.mark.parametrize("flow", ["rq_nsf", "maf", falling, heavy, dependent])
def test_the_share_of_draws_below_a_quantile_is_its_level(flow):
    fitted = conditional(flow=flow, draws=20_000).fit(
        X * 10 + 2000, Y[:, 1]
    )  # a context of large numbers, as years are
    rows, n = X[:4] * 10 + 2000, 20_000
    draws, quantiles = fitted.sample(rows, n, random_state=1), fitted.predict_quantiles(rows, LEVELS)
    assert (onp.diff(quantiles, axis=1) > 0).all() and (onp.diff(quantiles, axis=0) != 0).all()
    below = (draws[:, None, :] < quantiles[:, :, None]).mean(axis=2)
    standard_error = onp.sqrt(2 * onp.multiply(LEVELS, onp.subtract(1, LEVELS)) / n)  # 2: those of heavy are drawn too
    assert (abs(below - LEVELS) < 5 * standard_error).all()


def test_one_output_has_exact_quantiles():
    fitted = conditional(flow="maf", flow_options={"activation": "tanh"}, layers=1).fit(X, Y[:, 0])
    low, median, high = fitted.predict_quantiles(X, norm.cdf([-1, 0, 1])).T
    onp.testing.assert_allclose(high - median, median - low, rtol=1e-9)  # one affine layer: y given x is Gaussian
    expected = norm.logpdf(Y[:, 0], median, high - median)
    onp.testing.assert_allclose(fitted.score_samples(X, Y[:, 0]), expected, rtol=1e-9)


def test_several_outputs_have_the_quantiles_of_their_draws():
    fitted = conditional(draws=100).fit(X, Y)
    draws = fitted.flow_.sample(fitted.params_, onp.random.default_rng(fitted.seed_), 100, X[3])
    expected = onp.quantile(draws, LEVELS, axis=0)
    onp.testing.assert_allclose(fitted.predict_quantiles(X, LEVELS)[3], expected, rtol=1e-10)


def test_rows_beyond_one_chunk_are_answered_like_the_others(monkeypatch):
    fitted = conditional(draws=30).fit(X, Y)
    whole = fitted.predict_quantiles(X, LEVELS)
    monkeypatch.setattr(conditional_flow_density, "ROWS", 200)
    onp.testing.assert_allclose(fitted.predict_quantiles(X, LEVELS), whole, rtol=1e-10)


@pytest.mark.parametrize("y", [Y[:, 0], Y], ids=["one output", "two"])
def test_a_prediction_is_the_same_again_and_does_not_depend_on_other_rows(y):
    fitted = conditional(draws=50).fit(X, y)
    found = fitted.predict_quantiles(X, LEVELS)
    onp.testing.assert_array_equal(found, fitted.predict_quantiles(X, LEVELS))
    onp.testing.assert_allclose(fitted.predict_quantiles(X[7:8], LEVELS)[0], found[7], rtol=1e-10)


@pytest.mark.parametrize("q", [0, 1, -0.1, [0.5, 1.5], [[0.5]], float("nan")])
def test_a_level_outside_0_to_1_is_refused(q):
    fitted = conditional(steps=2).fit(X, Y[:, 0])
    refused(ValueError, "^q must be a number or a row of numbers between 0 and 1", fitted.predict_quantiles, X, q)


def test_it_learns_the_spread_that_depends_on_x():
    x = onp.random.default_rng(1).uniform(-1, 1, (1500, 1))
    y = x[:, 0] + onp.exp(x[:, 0]) * onp.random.default_rng(2).normal(size=1500)
    fitted = conditional(flow="maf", steps=400, learning_rate=1e-2).fit(x, y)
    grid = onp.array([[-0.8], [0.0], [0.8]])
    onp.testing.assert_allclose(fitted.predict(grid), grid[:, 0], atol=0.3)
    spread = fitted.predict_quantiles(grid, norm.cdf(1)) - fitted.predict(grid)
    onp.testing.assert_allclose(spread, onp.exp(grid[:, 0]), rtol=0.3)


def test_float32_flows_answer_in_float64(monkeypatch):
    monkeypatch.setattr(nf.backend, "_dtype", onp.dtype("float32"))
    fitted = conditional().fit(X, Y[:, 0])
    assert nf.trees.first_array(fitted.params_).dtype == onp.float32
    assert fitted.predict(X).dtype == onp.float64
    assert (onp.diff(fitted.predict_quantiles(X, LEVELS), axis=1) > 0).all()


def test_draws_are_counted_at_fit():
    refused(ValueError, "^draws must be an integer of at least 1; got 0$", conditional(draws=0).fit, X, Y)
