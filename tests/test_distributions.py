"""Base densities: the closed forms of scipy, moments of draws within their standard errors, gradients of autograd."""

import autograd
import autograd.numpy as np
import numpy as onp
import pytest
from comparing import close, close_trees
from scipy import stats
from strict import StrictArray

import nfscratch as nf
from nfscratch import autodiff, check, trees
from nfscratch.autodiff import register_array_type
from nfscratch.distributions import Distribution

register_array_type(StrictArray)
BASES = {
    "standard": lambda dim: nf.StandardNormal(dim),
    "logistic": lambda dim: nf.StandardLogistic(dim),
    "diagonal": lambda dim: nf.DiagonalNormal(dim),
    "mixture": lambda dim: nf.GaussianMixture(dim, 3),
    "mixture of one": lambda dim: nf.GaussianMixture(dim, 1),
}
every_base = pytest.mark.parametrize("name", BASES)
every_dim = pytest.mark.parametrize("dim", [1, 2, 5])


def rng(seed=0):
    return onp.random.default_rng(seed)


def wild(name, dim, scale=0.7):
    base, r = BASES[name](dim), rng(dim)
    return base, trees.map_leaves(lambda a: a + scale * r.normal(size=a.shape), base.init(r))


def by_scipy(base, params, z):
    if isinstance(base, nf.StandardNormal):
        return stats.norm.logpdf(z).sum(axis=1)
    if isinstance(base, nf.StandardLogistic):
        return stats.logistic.logpdf(z).sum(axis=1)
    if isinstance(base, nf.DiagonalNormal):
        return stats.norm(params["mean"], onp.exp(params["log_std"])).logpdf(z).sum(axis=1)
    weights = onp.exp(params["logits"]) / onp.exp(params["logits"]).sum()
    parts = stats.norm(params["mean"], onp.exp(params["log_std"])).pdf(z[:, None, :]).prod(axis=2)
    return onp.log(parts @ weights)


@every_base
@every_dim
def test_log_prob_is_that_of_scipy(name, dim):
    base, params = wild(name, dim)
    z = rng(1).normal(size=(20, dim)) * 2
    close(base.log_prob(params, z), by_scipy(base, params, z), 1e-12)
    assert base.shape == (dim,)


def test_a_normal_of_images_sums_over_all_pixels():
    base, z = nf.StandardNormal((2, 3, 4)), rng().normal(size=(5, 2, 3, 4))
    close(base.log_prob({}, z), stats.norm.logpdf(z).sum(axis=(1, 2, 3)), 1e-12)
    close(base.log_prob_vjp({}, z)[0], base.log_prob({}, z), 1e-13)
    close(base.log_prob_vjp({}, z)[1](onp.arange(5.0))[1], -z * onp.arange(5.0)[:, None, None, None], 1e-14)
    assert base.sample({}, rng(), 7).shape == (7, 2, 3, 4)


@every_base
@every_dim
@pytest.mark.parametrize("n", [0, 1, 6])
def test_the_pullback_is_that_of_autograd(name, dim, n):
    base, params = wild(name, dim)
    z, g = rng(1).normal(size=(n, dim)) * 2, rng(2).normal(size=n)
    value, pullback = base.log_prob_vjp(params, z)
    expected, traced = autodiff.value_and_vjp(base.log_prob, params, z)
    close(value, expected, 1e-13)
    close_trees(pullback(g)[0], traced(g)[0], 1e-12)
    close(pullback(g)[1], traced(g)[1], 1e-12)


@every_base
@pytest.mark.parametrize("dim", [1, 2])
def test_a_base_integrates_to_one(name, dim):
    base, params = wild(name, dim, 0.4)
    check.integrates_to_one(lambda z: base.log_prob(params, z), [-12.0] * dim, [12.0] * dim).raise_if_failed()


@every_base
def test_draws_have_the_moments_of_the_density(name):
    """Mean and second moment of 40,000 draws, within 5 standard errors of their own."""
    base, params = wild(name, 2)
    z = base.sample(params, rng(3), 40_000)
    weights, mean, std = onp.ones(1), onp.zeros((1, 2)), onp.ones((1, 2))
    if name == "logistic":
        std *= onp.pi / onp.sqrt(3)
    if params:
        mean, std = onp.atleast_2d(params["mean"]), onp.exp(onp.atleast_2d(params["log_std"]))
        weights = onp.exp(params.get("logits", onp.zeros(1)))
        weights = weights / weights.sum()
    for power, moment in ((1, weights @ mean), (2, weights @ (mean**2 + std**2))):
        powers = z**power
        assert (abs(powers.mean(axis=0) - moment) < 5 * powers.std(axis=0) / 200).all()
    product = z[:, 0] * z[:, 1]
    assert abs(product.mean() - weights @ (mean[:, 0] * mean[:, 1])) < 5 * product.std() / 200


@every_base
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_draws_have_the_dtype_and_the_array_type_of_the_parameters(name, dtype):
    base, params = wild(name, 2)
    host = trees.cast(params, dtype)
    there = trees.map_leaves(StrictArray, host)
    like = StrictArray(onp.empty(0, dtype))
    wide = base.sample(params, rng(4), 5, onp.empty(0))
    for p, a in ((host, onp.empty(0, dtype)), (there, like)):
        z = base.sample(p, rng(4), 5, a)
        assert (type(z), z.dtype, z.shape) == (type(a), onp.dtype(dtype), (5, 2))
        close(z, wide, 1e-6)
        assert base.log_prob(p, z).dtype == base.log_prob_vjp(p, z)[0].dtype == onp.dtype(dtype)


def test_a_draw_moves_with_mean_and_std():
    base, params = wild("diagonal", 3)
    z = base.sample(params, rng(4), 5)
    grads = autograd.grad(lambda p: np.sum(base.sample(p, rng(4), 5)))(params)
    close(grads["mean"], onp.full(3, 5.0), 1e-13)
    close(grads["log_std"], (z - params["mean"]).sum(axis=0), 1e-12)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_mixture_far_out_and_with_a_weight_of_nothing_is_finite(dtype):
    base, params = wild("mixture", 2)
    params = {**params, "logits": onp.array([0.0, -2000.0, 3.0])}
    params, z = trees.cast(params, dtype), onp.array([[0.0, 0.0], [1e4, -1e4]], dtype)
    value, pullback = base.log_prob_vjp(params, z)
    assert onp.isfinite(value).all()
    close(value, base.log_prob(params, z), 1e-5)
    g_params, g_z = pullback(onp.ones(2, dtype))
    assert all(onp.isfinite(g).all() for g in (*trees.leaves(g_params), g_z))


def test_the_posterior_of_a_mixture_sums_to_one():
    base, params = wild("mixture", 2)
    z = rng().normal(size=(9, 2))
    posterior = onp.exp(base.log_joint(params, z) - base.log_prob(params, z)[:, None])
    close(posterior.sum(axis=1), onp.ones(9), 1e-12)


@pytest.mark.parametrize("method", ["log_prob", "sample"])
def test_a_base_that_lacks_a_method_says_so(method):
    with pytest.raises(NotImplementedError, match=f"Distribution has no {method}"):
        getattr(Distribution(), method)(None, None, None) if method == "sample" else Distribution().log_prob({}, None)


def test_a_uniform_number_on_an_edge_belongs_to_what_comes_after_it():
    """Of two halves of [0, 1) the first is [0, 1/2), and the second [1/2, 1)."""
    u, eps = onp.array([0.0, 0.25, 0.5, 0.75, 1.0 - 1e-16]), onp.zeros(5)
    halves, quarters = onp.zeros((2, 5)), onp.zeros((4, 5))
    assert (nf.Categorical(2).draw(halves, u) == [0, 0, 1, 1, 1]).all()
    assert (3 * nf.Categorical(4).draw(quarters, u) == [0, 1, 2, 3, 3]).all()
    two = nf.MixtureOfGaussians(2)
    low, high = two.draw(onp.zeros((6, 2)), onp.array([0.1, 0.9]), onp.zeros(2))
    assert low < 0 < high and (two.draw(onp.zeros((6, 5)), u, eps) == [low, low, high, high, high]).all()
    assert (nf.Bernoulli().draw(onp.zeros((1, 5)), u) == [1, 1, 0, 0, 0]).all()
    mixture, given = nf.GaussianMixture(1, 2), type("Given", (), {"random": lambda self, n: u})()
    assert (mixture._components(onp.zeros(2), given, 5) == [0, 0, 1, 1, 1]).all()


def test_whole_numbers_are_rows_of_a_mixture():
    base = nf.GaussianMixture(2, 3)
    params, z = base.init(onp.random.default_rng(0)), onp.array([[1, 2], [0, -1]])
    assert (base.log_prob(params, z) == base.log_prob(params, z.astype(float))).all()
