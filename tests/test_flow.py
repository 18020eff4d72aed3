"""Flow: the density by its definition, samples that have it, dtypes and array types that follow the parameters."""

import autograd
import numpy as onp
import pytest
from comparing import close, close_trees
from scipy import stats
from share import few
from small_flows import conditional, every_flow, make
from strict import StrictArray

import nfscratch as nf
from nfscratch import check, trees
from nfscratch.autodiff import register_array_type

register_array_type(StrictArray)
# --- values ---


@every_flow
def test_log_prob_is_the_base_density_plus_log_det(name):
    flow, params, x, context = make(name)
    h = context if flow.embed is None else flow.embed.apply(params["embed"], context)
    z, log_det = flow.bijection.inverse(params["bijection"], x, h)
    of_base = flow.base.log_prob(params["base"], z, *([h] if flow.base.context_dim else []))
    close(flow.log_prob(params, x, context), of_base + log_det, 1e-13)
    J = check.finite_difference_jacobian(lambda a: flow.bijection.inverse(params["bijection"], a, h)[0], x)
    close(flow.log_prob(params, x, context), of_base + onp.linalg.slogdet(J)[1], 1e-6)


def test_a_fresh_flow_is_the_gaussian_of_the_data():
    x = onp.random.default_rng(0).normal(size=(100, 2)) * [3.0, 0.2] + [5.0, -1.0]
    flow = nf.flows.real_nvp(2, layers=2, hidden=(4,))
    expected = stats.norm(x.mean(axis=0), x.std(axis=0)).logpdf(x).sum(axis=1)
    close(flow.log_prob(flow.init(onp.random.default_rng(0), x), x), expected, 1e-12)


@every_flow
def test_sample_and_log_prob_is_log_prob_of_the_samples(name):
    flow, params, _, context = make(name)
    x, log_p = flow.sample_and_log_prob(params, onp.random.default_rng(1), 6, context)
    close(log_p, flow.log_prob(params, x, context), 1e-10)
    assert (x == flow.sample(params, onp.random.default_rng(1), 6, context)).all()
    assert x.shape == (6, *flow.shape)


@pytest.mark.parametrize("name", ["one variable", "diagonal base", "mixture base"])
def test_the_density_integrates_to_one(name):
    flow, params, _, _ = make(name, 50)
    low, high = check.image_box(lambda z: flow.bijection.forward(params["bijection"], z)[0], flow.shape[0], 9.0)
    check.integrates_to_one(lambda x: flow.log_prob(params, x), low, high).raise_if_failed()


def test_samples_have_the_density():
    """Kolmogorov and Smirnov against the integrated density; with another flow's density the same test fails."""
    flow, params, _, _ = make("one variable", 50)
    samples = flow.sample(params, onp.random.default_rng(0), 4000)[:, 0]
    grid = onp.linspace(samples.min() - 50, samples.max() + 50, 20_001)

    def p_value(scale):
        density = onp.exp(flow.log_prob(params, grid[:, None] * scale)) * scale
        cdf = onp.cumsum(density) * (grid[1] - grid[0])
        return stats.kstest(samples, lambda s: onp.interp(s, grid, cdf)).pvalue

    assert p_value(1.0) > 1e-3 > p_value(1.2)


@conditional
def test_the_context_matters_and_one_row_of_it_serves_all(name):
    flow, params, x, context = make(name)
    same = flow.log_prob(params, x, onp.repeat(context[:1], len(x), axis=0))
    for one in (context[0], context[:1], context[0].tolist()):
        assert (flow.log_prob(params, x, one) == same).all()
        drawn = flow.sample(params, onp.random.default_rng(0), 4, one)
        assert (drawn == flow.sample(params, onp.random.default_rng(0), 4, onp.repeat(context[:1], 4, axis=0))).all()
    assert not onp.isclose(flow.log_prob(params, x, context)[1:], same[1:]).any()


# --- dtypes and array types ---


KINDS = ("float64", "float32", "int64", "int8", "uint8", "bool")


@every_flow
@pytest.mark.parametrize("dtype", few(KINDS, ("float64", "float32", "int8", "bool")))
def test_the_dtype_of_the_parameters_wins(name, dtype):
    flow, params, x, context = make(name)
    x = (abs(x) > 2).astype(dtype) if dtype == "bool" else abs(x).astype(dtype)
    log_p = flow.log_prob(trees.cast(params, "float32"), x, context)
    assert log_p.dtype == onp.float32
    close(log_p, flow.log_prob(params, x.astype("float64"), context), 1e-4)


@every_flow
def test_float32_stays_float32_in_samples_and_gradients(name):
    flow, params, x, context = make(name)
    params = trees.cast(params, "float32")
    x, log_p = flow.sample_and_log_prob(params, onp.random.default_rng(0), 6, context)
    grads = autograd.grad(lambda p: nf.objectives.nll(flow, p, x, context))(params)
    assert x.dtype == log_p.dtype == onp.float32
    assert all(g.dtype == onp.float32 for g in trees.leaves(grads))


@every_flow
def test_device_arrays_give_the_same_numbers(name):
    flow, params, x, context = make(name)
    there = trees.map_leaves(StrictArray, params)
    tolerance = 1e-12
    log_p = flow.log_prob(there, x, context)  # host data: moved at the boundary
    grads = autograd.grad(lambda p: nf.objectives.nll(flow, p, StrictArray(x), context))(there)
    drawn = flow.sample_and_log_prob(there, onp.random.default_rng(0), 6, context)
    here = flow.sample_and_log_prob(params, onp.random.default_rng(0), 6, context)
    assert {type(a) for a in (log_p, *drawn, *trees.leaves(grads))} == {StrictArray}
    close(log_p, flow.log_prob(params, x, context), tolerance)
    close(drawn[0], here[0], tolerance)
    close(drawn[1], here[1], tolerance)
    close_trees(grads, autograd.grad(lambda p: nf.objectives.nll(flow, p, x, context))(params), tolerance)


@every_flow
def test_float32_draws_are_the_rounded_float64_draws(name):
    flow, params, _, context = make(name)
    wide = flow.sample(params, onp.random.default_rng(5), 6, context)
    close(flow.sample(trees.cast(params, "float32"), onp.random.default_rng(5), 6, context), wide, 1e-4)


def test_a_base_starts_from_the_noise_side_of_the_data():
    seen = []

    class Looking(nf.StandardNormal):
        def init(self, rng, z=None):
            seen.append(z)
            return {}

    x = onp.random.default_rng(0).normal(size=(50, 2)) * 7 + 3
    nf.Flow(Looking(2), nf.Standardize(2)).init(onp.random.default_rng(0), x)
    close(seen[0], (x - x.mean(axis=0)) / x.std(axis=0), 1e-12)


def test_the_constructor_names_what_does_not_fit():
    with pytest.raises(ValueError, match=r"base and bijection must agree .* got \(3,\) and \(2,\)"):
        nf.Flow(nf.StandardNormal(3), nf.Reverse(2))
    with pytest.raises(ValueError, match="embed needs a bijection or a base that takes a context"):
        nf.Flow(nf.StandardNormal(2), nf.Reverse(2), nf.MLP())
