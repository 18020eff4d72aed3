"""Simulators: their formulas against independent ones, their programs against their formulas, exact posteriors."""

import bz2
import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate, stats

from nfscratch.evaluate import sbc_ranks, sbc_test
from nfscratch.targets.simulators import (
    BoxPrior,
    gaussian_linear,
    gaussian_mixture,
    ornstein_uhlenbeck,
    slcp,
    two_moons,
)

SIMULATORS = {f.__name__: f() for f in (two_moons, gaussian_linear, gaussian_mixture, slcp, ornstein_uhlenbeck)}
WITH_POSTERIOR = [name for name, simulator in SIMULATORS.items() if simulator.posterior_of is not None]
BENCHMARK = Path(os.environ.get("NFSCRATCH_DATA", "/nowhere")) / "sbibm" / "two_moons"


def rng(seed=0):
    return np.random.default_rng(seed)


def benchmark(i, name):
    """One of the benchmark's tables, as an array."""
    path = BENCHMARK / f"num_observation_{i}" / name
    with bz2.open(path, "rt") if path.suffix == ".bz2" else path.open() as file:
        return np.loadtxt(file, delimiter=",", skiprows=1)


# --- all of them ---


@pytest.fixture(params=SIMULATORS)
def simulator(request):
    return SIMULATORS[request.param]


def test_draws_have_the_shapes_that_are_named(simulator):
    theta = simulator.prior(rng(), 7)
    x = simulator.simulate(rng(), theta)
    assert theta.shape == (7, simulator.dim) and x.shape == (7, simulator.data_dim)
    assert simulator.log_prior(theta).shape == simulator.log_likelihood(theta, x).shape == (7,)
    assert simulator.prior(rng(), 0).shape == (0, simulator.dim)
    assert simulator.simulate(rng(), theta[:0]).shape == (0, simulator.data_dim)


def test_one_seed_makes_one_draw(simulator):
    theta = simulator.prior(rng(), 5)
    assert np.array_equal(simulator.simulate(rng(1), theta), simulator.simulate(rng(1), theta))


def test_each_row_of_data_comes_from_its_own_theta(simulator):
    """The likelihood of the theta that made x is higher on average than that of another one."""
    theta = simulator.prior(rng(2), 2000)
    x = simulator.simulate(rng(3), theta)
    own, other = (simulator.log_likelihood(t, x) for t in (theta, np.roll(theta, 1, axis=0)))
    assert np.mean(own > other) > 0.8


@pytest.mark.parametrize("name", ["gaussian_linear", "gaussian_mixture", "slcp", "ornstein_uhlenbeck"])
def test_the_likelihood_is_the_density_of_the_draws(name):
    """E[q(x) / p(x | theta)] = 1 for any density q that lies where p does: here p of a theta close by."""
    simulator = SIMULATORS[name]
    theta = np.broadcast_to(simulator.prior(rng(4), 1), (20_000, simulator.dim))
    x = simulator.simulate(rng(5), theta)
    near = theta * 1.0005
    ratio = np.exp(simulator.log_likelihood(near, x) - simulator.log_likelihood(theta, x))
    assert abs(ratio.mean() - 1) < 4 * ratio.std() / len(ratio) ** 0.5 + 1e-3


def test_one_row_of_data_serves_all_thetas(simulator):
    theta = simulator.prior(rng(), 4)
    x = simulator.simulate(rng(), theta[:1])
    expected = simulator.log_likelihood(theta, np.repeat(x, 4, axis=0))
    for one in (x, x[0]):
        np.testing.assert_allclose(simulator.log_likelihood(theta, one), expected, rtol=1e-12)


def test_every_simulation_is_an_observation_that_is_accepted(simulator):
    x = simulator.simulate(rng(1), simulator.prior(rng(2), 100))
    for row in x:
        assert np.array_equal(simulator.check_observation(row), row)
    assert simulator.check_observation(x[:1]).shape == (simulator.data_dim,)


def test_the_prior_has_no_mass_outside_of_its_support(simulator):
    if simulator.support is None:
        return
    low, high = map(np.array, simulator.support)
    theta = simulator.prior(rng(), 1000)
    assert ((theta > low) & (theta < high)).all()
    assert np.ptp(theta, axis=0) == pytest.approx(high - low, rel=0.02)
    np.testing.assert_allclose(np.exp(simulator.log_prior(theta)) * np.prod(high - low), 1)
    assert np.isneginf(simulator.log_prior([high + 0.1, low - 0.1])).all()


BAD = [
    (lambda s, x: s.prior(-1, 3), TypeError, "rng must be a numpy.random.Generator"),
    (lambda s, x: s.prior(rng(), 2.5), ValueError, "n must be an integer of at least 0; got 2.5"),
    (lambda s, x: s.simulate(None, np.zeros((1, s.dim))), TypeError, "rng must be a numpy.random.Generator"),
    (lambda s, x: s.simulate(rng(), np.zeros(s.dim)), ValueError, r"theta must have shape \(N, \d+\)"),
    (lambda s, x: s.simulate(rng(), np.full((3, s.dim), np.nan)), ValueError, "theta must be finite"),
    (lambda s, x: s.log_prior(np.zeros((3, s.dim + 1))), ValueError, r"theta must have shape \(N, \d+\)"),
    (lambda s, x: s.log_likelihood(s.prior(rng(), 3), x[:2]), ValueError, "x must have one row for each of the 3 rows"),
    (lambda s, x: s.log_likelihood(s.prior(rng(), 3), None), ValueError, "x must have shape"),
    (lambda s, x: s.check_observation(x), ValueError, r"x must be one observation, of shape \(\d+,\); got \(5, \d+\)"),
    (lambda s, x: s.check_observation(x[0, 1:]), ValueError, "x must be one observation"),
    (lambda s, x: s.check_observation(x[0] * np.nan), ValueError, "x must be finite"),
    (lambda s, x: s.check_observation("abc"), TypeError, "x must be an array of real numbers"),
    (lambda s, x: s.check_observation(x[0] + 1000), ValueError, r"can give: x\[0\] from .* to .*; got [0-9]+"),
]


@pytest.mark.parametrize(("call", "error", "message"), BAD)
def test_bad_input_is_one_clear_line(simulator, call, error, message):
    x = simulator.simulate(rng(), simulator.prior(rng(), 5))
    with pytest.raises(error, match=message) as caught:
        call(simulator, x)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["two_moons", "gaussian_mixture", "slcp", "ornstein_uhlenbeck"])
def test_a_theta_that_the_prior_excludes_is_not_simulated(name):
    with pytest.raises(ValueError, match=r"theta must lie in the prior's support.*row 1 does not"):
        SIMULATORS[name].simulate(rng(), np.array([[1.0], [11.0]]) * np.ones(SIMULATORS[name].dim))


@pytest.mark.parametrize(("name", "what"), [("slcp", "posterior"), ("ornstein_uhlenbeck", "posterior")])
def test_what_has_no_formula_says_so(name, what):
    with pytest.raises(NotImplementedError, match=f"{name} has no formula for its {what}"):
        SIMULATORS[name].posterior(np.zeros(SIMULATORS[name].data_dim))


@pytest.mark.parametrize("ends", [((0, 1), (1, 1)), ((0,), (1, 2)), ((), ()), ((0,), (np.inf,)), ((np.nan,), (1,))])
def test_a_box_has_its_ends_in_order(ends):
    with pytest.raises(ValueError, match="low and high must be D finite numbers each"):
        BoxPrior(*ends)


@pytest.mark.parametrize("make", [gaussian_linear, gaussian_mixture, ornstein_uhlenbeck])
def test_sizes_are_checked(make):
    with pytest.raises(ValueError, match="must be an integer of at least"):
        make(0)


# --- posteriors ---


@pytest.mark.parametrize("name", WITH_POSTERIOR)
def test_bayes_rule_holds_for_every_theta(name):
    """log p(x | theta) + log p(theta) - log p(theta | x) is log p(x): the same for all theta."""
    simulator = SIMULATORS[name]
    x = simulator.simulate(rng(1), simulator.prior(rng(2), 1))[0]
    posterior = simulator.posterior(x)
    theta = posterior.sample(rng(3), 200)
    evidence = simulator.log_likelihood(theta, x) + simulator.log_prior(theta) - posterior.log_prob(theta)
    assert theta.shape == (200, simulator.dim) and np.ptp(evidence) < 1e-9


@pytest.mark.parametrize("name", WITH_POSTERIOR)
def test_exact_draws_are_calibrated(name):
    simulator = SIMULATORS[name]
    theta = simulator.prior(rng(4), 300)
    draws = [simulator.posterior(x).sample(rng([5, i]), 19) for i, x in enumerate(simulator.simulate(rng(6), theta))]
    assert sbc_test(sbc_ranks(theta, np.array(draws)), 19).min() > 0.01 / simulator.dim


@pytest.mark.parametrize("name", ["two_moons", "gaussian_mixture"])
@pytest.mark.parametrize("share", [0.2, 0.9, 0.999])
def test_a_posterior_on_the_plane_integrates_to_one(name, share):
    """By its own draws: with u uniform on a box that holds them all, the mean of p(u) times the area is 1."""
    simulator = SIMULATORS[name]
    x = simulator.simulate(rng(7), share * np.array(simulator.support[1])[None])[0]
    posterior = simulator.posterior(x)
    draws = posterior.sample(rng(8), 2000)
    low, high = draws.min(axis=0) - 0.05, draws.max(axis=0) + 0.05
    p = np.exp(posterior.log_prob(rng(9).uniform(low, high, (200_000, 2)))) * np.prod(high - low)
    assert abs(p.mean() - 1) < 4 * p.std() / len(p) ** 0.5


@pytest.mark.parametrize("x", [(0.32, 0.0), (-1.05, 0.2), (-0.6, 0.16)])
def test_draws_follow_the_density_where_the_fold_or_the_box_cuts_the_crescents(x):
    """The law of |theta_1 + theta_2| by draws and by quadrature of the density on the box that holds the draws."""
    posterior = two_moons().posterior(x)
    draws = posterior.sample(rng(), 8000)
    draws = draws[draws.sum(axis=1) > 0]  # one of two equal halves
    low, high = draws.min(axis=0) - 0.01, np.minimum(draws.max(axis=0) + 0.01, 1)
    steps = (np.arange(700) + 0.5) / 700
    points = low + (high - low) * np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 2)
    mass = 2 * np.exp(posterior.log_prob(points)) * np.prod(high - low) / 700**2 * (points.sum(axis=1) > 0)
    assert mass.sum() == pytest.approx(1, abs=0.01)
    folded, at = points.sum(axis=1), draws.sum(axis=1)
    for level in np.quantile(at, [0.1, 0.3, 0.5, 0.7, 0.9]):
        assert (at <= level).mean() == pytest.approx(mass[folded <= level].sum(), abs=0.03)


def midpoints(low, high, n):
    """n midpoints from low to high, which are numbers or rows, and their distance."""
    low, high = np.expand_dims(low, -1), np.expand_dims(high, -1)
    return low + (high - low) * (np.arange(n) + 0.5) / n, (high - low) / n


def integral_over_the_box(posterior, x, n=800):
    """Of p(theta | x): twice that over u >= 0, by a grid whose edges are those of the box, where a crescent is."""
    fold = 2**0.5
    u, du = midpoints(max(0.0, 0.25 - x[0]), min(fold, 0.43 - x[0]), n)
    v, dv = midpoints(np.maximum(x[1] - 0.18, u - fold), np.maximum(np.minimum(x[1] + 0.18, fold - u), u - fold), n)
    theta = np.stack([u[:, None] - v, u[:, None] + v], axis=-1).reshape(-1, 2) / fold
    p = np.exp(posterior.log_prob(np.clip(theta, -1, 1))).reshape(n, n)
    return 2 * (p * dv).sum() * du[0]


def near_an_edge(n=5):
    """Data of thetas near the box's edges and of others near the fold: the crescents of most of them are cut."""
    inside = rng(1).uniform(-1, 1, (n, 1))
    edge = np.hstack([inside, rng(2).choice([-1, 1], (n, 1)) * (1 - 0.03 * rng(3).random((n, 1)))])
    fold = 0.9 * inside * [[1, -1]] + 0.03 * rng(4).random((n, 1))
    return list(map(tuple, two_moons().simulate(rng(5), np.concatenate([edge, fold]))))


HARD = [(0.352, 0.0), (0.345, 0.0), (0.361, 0.967), (0.3, -1.1), (-1.05, 0.2), (-1.1, 0.01), (-0.7, -0.54)]


@pytest.mark.parametrize("x", [*HARD, *(pytest.param(x, marks=pytest.mark.exhaustive) for x in near_an_edge())])
def test_a_posterior_that_the_fold_or_the_box_cuts_integrates_to_one(x):
    assert abs(integral_over_the_box(two_moons().posterior(x), x) - 1) < 2e-4


def test_the_crescent_is_normalised():
    """One quadrant of the folded plane holds the whole crescent: the integral of p(x | theta) over x is 1."""
    simulator, grid = two_moons(), (np.arange(800) + 0.5) / 800 - 0.5
    x = np.stack(np.meshgrid(0.4 * grid + 0.25, 0.4 * grid, indexing="ij"), axis=-1).reshape(-1, 2)
    p = np.exp(simulator.log_likelihood(np.zeros((len(x), 2)), x))
    assert p.mean() * 0.4**2 == pytest.approx(1, abs=1e-4)


def test_two_moons_has_the_published_draws():
    """The statement of the benchmark, one angle and one radius at a time."""
    theta, noise = two_moons().prior(rng(0), 3), rng(1)
    x = two_moons().simulate(rng(1), theta)
    angle, radius = noise.uniform(-np.pi / 2, np.pi / 2, 3), noise.normal(0.1, 0.01, 3)
    for (t1, t2), a, r, found in zip(theta, angle, radius, x, strict=True):
        shift = np.array([-abs(t1 + t2), t2 - t1]) / 2**0.5
        np.testing.assert_allclose(found, np.array([r * np.cos(a) + 0.25, r * np.sin(a)]) + shift)


@pytest.mark.parametrize("x", [(-0.9, 1.0), (-1.0, -0.9), (-0.5, 1.2)])
def test_an_observation_of_the_square_that_no_theta_reaches_is_refused(x):
    """The folded box is a triangle; `reach` is its bounding box."""
    with pytest.raises(ValueError, match=r"that two_moons can give; no theta of its prior gives \[-"):
        two_moons().posterior(x)


@pytest.mark.parametrize("x", [(0.25, 1.5), (-1.05, 0.0), (0.3, 0.0)])
def test_an_observation_at_the_edge_of_what_theta_reaches_is_accepted(x):
    theta = two_moons().posterior(x).sample(rng(), 100)
    assert np.isfinite(two_moons().log_likelihood(theta, x)).all()


@pytest.mark.skipif(not BENCHMARK.is_dir(), reason="NFSCRATCH_DATA has no sbibm/two_moons")
@pytest.mark.parametrize("i", range(1, 11))
def test_the_posterior_of_two_moons_is_that_of_the_reference_draws(i):
    """Radius and side of the reference draws have the laws of the exact sampler, by Kolmogorov and by counting."""
    x = benchmark(i, "observation.csv")
    reference = benchmark(i, "reference_posterior_samples.csv.bz2")
    posterior = two_moons().posterior(x)
    draws = posterior.sample(rng(i), 10_000)
    for f in (lambda t: t[:, 0], lambda t: t[:, 1], lambda t: t.sum(axis=1), posterior.log_prob):
        assert stats.ks_2samp(f(draws), f(reference)).pvalue > 1e-4


@pytest.mark.exhaustive
@pytest.mark.skipif(not BENCHMARK.is_dir(), reason="NFSCRATCH_DATA has no sbibm/two_moons")
@pytest.mark.parametrize("i", range(1, 11))
def test_a_classifier_cannot_tell_the_reference_draws_from_exact_ones(i):
    from nfscratch.evaluate import c2st

    draws = two_moons().posterior(benchmark(i, "observation.csv")).sample(rng(i), 10_000)
    assert abs(c2st(benchmark(i, "reference_posterior_samples.csv.bz2"), draws) - 0.5) < 4 * (0.25 / 20_000) ** 0.5


def test_the_linear_gaussian_posterior_is_scipys():
    x = np.array([0.3, -0.6])
    posterior = gaussian_linear(2).posterior(x)
    theta = posterior.sample(rng(), 5)
    expected = stats.multivariate_normal(x / 2, 0.05 * np.eye(2)).logpdf(theta)
    np.testing.assert_allclose(posterior.log_prob(theta), expected, rtol=1e-12)


@pytest.mark.parametrize("x", [0.0, 9.95, 10.3, -13.0])
def test_the_mixtures_posterior_is_a_quadrature(x):
    """D = 1, inside, at the end and beyond it."""
    simulator = gaussian_mixture(1)
    posterior = simulator.posterior([x])
    points = sorted({-10.0, *(np.clip(x + d, -10, 10) for d in (-1, -0.3, -0.1, 0, 0.1, 0.3, 1)), 10.0})

    def integral(f):
        return sum(integrate.quad(f, a, b)[0] for a, b in pairwise(points))

    assert integral(lambda t: np.exp(posterior.log_prob([[t]])[0])) == pytest.approx(1, rel=1e-6)
    mean = integral(lambda t: t * np.exp(posterior.log_prob([[t]])[0]))
    draws = posterior.sample(rng(), 40_000)
    assert abs(draws.mean() - mean) < 4 * draws.std() / 200


# --- likelihoods ---


def test_slcps_likelihood_is_scipys():
    theta = slcp().prior(rng(), 20)
    x = slcp().simulate(rng(1), theta)
    for t, row, found in zip(theta, x, slcp().log_likelihood(theta, x), strict=True):
        s1, s2, rho = t[2] ** 2, t[3] ** 2, np.tanh(t[4])
        S = np.array([[s1**2, rho * s1 * s2], [rho * s1 * s2, s2**2]]) + 1e-6 * np.eye(2)
        assert found == pytest.approx(stats.multivariate_normal(t[:2], S).logpdf(row.reshape(4, 2)).sum(), rel=1e-6)


def test_slcp_has_four_modes():
    theta, x = slcp().prior(rng(), 5), slcp().simulate(rng(1), slcp().prior(rng(), 5))
    for signs in ((1, 1, -1, 1, 1), (1, 1, 1, -1, 1), (1, 1, -1, -1, 1)):
        np.testing.assert_allclose(slcp().log_likelihood(theta * signs, x), slcp().log_likelihood(theta, x))


def test_slcps_draws_have_its_covariance():
    theta = np.array([[1.0, -2.0, 1.2, -0.8, 0.7]])
    points = slcp().simulate(rng(), np.repeat(theta, 20_000, axis=0)).reshape(-1, 2)
    s1, s2, rho = 1.44, 0.64, np.tanh(0.7)
    np.testing.assert_allclose(points.mean(axis=0), [1, -2], atol=0.02)
    np.testing.assert_allclose(np.cov(points.T), [[s1**2, rho * s1 * s2], [rho * s1 * s2, s2**2]], rtol=0.02)


def test_the_process_is_a_gaussian_of_exponential_covariance():
    """All transitions together are one Gaussian with covariance v e^{-k |t - t'|}, by scipy."""
    simulator, (k, m, s) = ornstein_uhlenbeck(6, 0.3), (1.4, 0.5, 0.7)
    t = 0.3 * np.arange(6)
    covariance = s**2 / (2 * k) * np.exp(-k * np.abs(t[:, None] - t))
    x = simulator.simulate(rng(), np.repeat([[k, m, s]], 20_000, axis=0))
    expected = stats.multivariate_normal(np.full(6, m), covariance).logpdf(x[:5])
    np.testing.assert_allclose(simulator.log_likelihood(np.repeat([[k, m, s]], 5, axis=0), x[:5]), expected)
    np.testing.assert_allclose(np.cov(x.T), covariance, atol=0.006)
