"""ConditionedBase: a density whose parameters follow the context, against the density row by row."""

import autograd
import autograd.numpy as np
import numpy as onp
import pytest
from comparing import close, close_trees
from strict import StrictArray

import nfscratch as nf
from nfscratch import autodiff, trees
from nfscratch.autodiff import register_array_type
from nfscratch.distributions import Distribution

register_array_type(StrictArray)
CONTEXT, N = 3, 7
DENSITIES = {
    "normal": lambda: nf.DiagonalNormal(2),
    "normal of images": lambda: nf.DiagonalNormal((2, 1, 3)),
    "Student's t": lambda: nf.StudentT(2),
    "fitted tails": lambda: nf.FittedTails(2),
    "mixture": lambda: nf.GaussianMixture(2, 3),
}
every_density = pytest.mark.parametrize("name", DENSITIES)
differentiable = pytest.mark.parametrize("name", ["normal", "normal of images", "fitted tails"])


def rng(seed=0):
    return onp.random.default_rng(seed)


def start(name):
    """Rows of which one variable has a heavy tail, where the density looks at them."""
    return rng(9).standard_t(2, size=(400, 2)) * [1.0, 0.01] if name == "fitted tails" else None


def make(name, n=N):
    density = DENSITIES[name]()
    base, draws = nf.ConditionedBase(density, nf.MLP((5,), "tanh"), CONTEXT), rng(1)
    params = base.init(rng(), start(name))
    params = trees.map_leaves(lambda a: a + 0.4 * draws.normal(size=a.shape), params, fixed=lambda a: a)
    return base, params, draws.normal(size=(n, *density.shape)), draws.normal(size=(n, CONTEXT))


def row_of(params, out):
    """theta_0 plus one row of the network's output, written out leaf by leaf."""
    start, theta = 0, {}
    for key in sorted(params):
        if key == "fixed":
            theta[key] = params[key]
            continue
        size = params[key].size
        theta[key] = params[key] + out[start : start + size].reshape(params[key].shape)
        start += size
    return theta


@every_density
def test_each_row_has_the_density_at_the_parameters_of_its_own_context(name):
    base, params, z, c = make(name)
    out = base.network.apply(params["network"], c)
    for roads in (base.log_prob(params, z, c), base.log_prob_value(params, z, c), base.log_prob_vjp(params, z, c)[0]):
        for n in range(N):
            theta = row_of(params["distribution"], out[n])
            close(roads[n : n + 1], base.distribution.log_prob(theta, z[n : n + 1]), 1e-12)


@every_density
def test_a_fresh_one_is_the_density_that_it_holds_whatever_the_context(name):
    density, (_, _, z, c) = DENSITIES[name](), make(name)
    base = nf.ConditionedBase(density, nf.MLP((5,)), CONTEXT)
    params = base.init(rng(), start(name))
    close(base.log_prob(params, z, c), density.log_prob(params["distribution"], z), 1e-13)


@every_density
@pytest.mark.parametrize("n", [0, 1, N])
def test_the_pullback_is_that_of_autograd(name, n):
    base, params, z, c = make(name, n)
    log_p, pullback = base.log_prob_vjp(params, z, c)
    expected, traced = autodiff.value_and_vjp(base.log_prob, params, z, c)
    g = rng(2).normal(size=n)
    close(log_p, expected, 1e-12)
    grads, others = pullback(g), traced(g)
    close_trees(grads[0], others[0], 1e-11)
    close(grads[1], others[1], 1e-11)
    close(grads[2], others[2], 1e-11)
    assert n == 0 or grads[2].any()


@differentiable
def test_draws_carry_derivatives_to_the_parameters_and_to_the_context(name):
    base, params, _, c = make(name)
    z, log_p, pullback = base.sample_and_log_prob_vjp(params, rng(3), N, None, c)
    close(base.log_prob(params, z, c), log_p, 1e-10)
    g_z, g_log_p = rng(4).normal(size=z.shape), rng(5).normal(size=N)

    def total(params, c):
        z = base.sample(params, rng(3), N, None, c)
        return np.sum(z * g_z) + np.sum(base.log_prob(params, z, c) * g_log_p)

    grads = pullback(g_z, g_log_p)
    expected = autograd.grad(total, (0, 1))(params, c)
    close_trees(grads[0], expected[0], 1e-10)
    close(grads[1], expected[1], 1e-10)


@every_density
def test_draws_have_the_moments_of_their_own_row(name):
    """Two contexts, 20,000 draws of each: the mean of the first variable's arctangent against a one-row density."""
    base, params, _, c = make(name)
    out = base.network.apply(params["network"], c)
    many = onp.repeat(c[:2], 20_000, axis=0)
    draws = onp.arctan(base.sample(params, rng(6), 40_000, None, many).reshape(2, 20_000, -1)[:, :, 0])
    for n in range(2):
        alone = base.distribution.sample(row_of(params["distribution"], out[n]), rng(7), 20_000)
        alone = onp.arctan(alone.reshape(20_000, -1)[:, 0])
        error = onp.hypot(draws[n].std(), alone.std()) / 20_000**0.5
        assert abs(draws[n].mean() - alone.mean()) < 4.5 * error


def test_a_mixture_of_shared_parameters_draws_as_it_would_with_equal_rows():
    mixture = nf.GaussianMixture(2, 3)
    params = trees.map_leaves(lambda a: a + rng(1).normal(size=a.shape), mixture.init(rng()))
    per_row = trees.map_leaves(lambda a: onp.repeat(a[None], 50, axis=0), params)
    assert (mixture.sample(params, rng(2), 50) == mixture.sample(per_row, rng(2), 50)).all()


@differentiable
def test_it_serves_as_the_base_of_a_flow_by_every_road(name):
    if name == "normal of images":
        return
    base = nf.ConditionedBase(DENSITIES[name](), nf.MLP((5,), "tanh"), CONTEXT)
    flow = nf.Flow(base, nf.Conditioned(nf.Planar(2), nf.MLP((4,), "tanh"), CONTEXT))
    _, _, _, c = make(name)
    params = trees.map_leaves(lambda a: a + 0.2 * rng(1).normal(size=a.shape), flow.init(rng(), None, c))
    params["base"]["distribution"] = base.init(rng(), start(name))["distribution"]
    x, log_q = flow.sample_and_log_prob(params, rng(2), N, c)
    close(flow.log_prob(params, x, c), log_q, 1e-9)
    one_row = flow.sample(params, rng(2), N, c[0])
    close(one_row, flow.sample(params, rng(2), N, onp.repeat(c[:1], N, axis=0)), 1e-13)

    def total(params, c):
        x, log_q = flow.sample_and_log_prob(params, rng(2), N, c)
        return np.sum(np.square(x)) + np.sum(log_q)

    def plain(params, c):
        x, log_q = flow._sample_and_log_prob(params, rng(2), N, c)
        return np.sum(np.square(x)) + np.sum(log_q)

    got, expected = (autograd.grad(f, (0, 1))(params, c) for f in (total, plain))
    close_trees(got[0], expected[0], 1e-10)
    close(got[1], expected[1], 1e-10)


@every_density
def test_float32_and_device_arrays_stay_what_they_are(name):
    base, params, z, c = make(name)
    params = trees.map_leaves(lambda a: StrictArray(a.astype("float32")), params)
    z, c = StrictArray(z.astype("float32")), StrictArray(c.astype("float32"))
    log_p, pullback = base.log_prob_vjp(params, z, c)
    draws = base.sample(params, rng(3), N, None, c)
    g_params, g_z, g_c = pullback(log_p)
    for a in (log_p, draws, g_z, g_c, *trees.leaves(g_params), base.log_prob(params, z, c)):
        assert isinstance(a, StrictArray) and a.dtype == "float32"


def test_parameters_and_rows_that_a_context_does_not_fit_are_refused_by_the_flow():
    flow = nf.Flow(nf.ConditionedBase(nf.DiagonalNormal(2), nf.MLP((4,)), CONTEXT), nf.Planar(2))
    params = flow.init(rng())
    for context in (None, onp.zeros((4, CONTEXT)), onp.zeros((5, CONTEXT + 1)), onp.full((5, CONTEXT), onp.nan)):
        with pytest.raises(ValueError, match="context"):
            flow.sample(params, rng(), 5, context)


class Unmoved(Distribution):
    """A density that forgets the rows of its parameters."""

    shape = (2,)

    def init(self, rng, z=None, context=None):
        return {"mean": onp.zeros(2)}

    def log_prob(self, params, z, context=None):
        return -0.5 * np.sum(np.square(z - np.mean(params["mean"])), axis=1)


def test_what_does_not_fit_is_refused_in_one_line():
    with pytest.raises(ValueError, match=r"parameters that the context can move; got StandardNormal$"):
        nf.ConditionedBase(nf.StandardNormal(2), context_dim=1).init(rng())
    with pytest.raises(ValueError, match=r"distribution must take parameters per sample.*got Unmoved"):
        nf.ConditionedBase(Unmoved(), context_dim=1).init(rng())
    made = nf.AutoregressiveDensity(2, nf.Gaussian())
    with pytest.raises(ValueError, match=r"parameters per sample.*got AutoregressiveDensity \(.* takes context_dim"):
        nf.ConditionedBase(made, context_dim=1).init(rng())
    with pytest.raises(ValueError, match=r"no context of its own; got ConditionedBase of context_dim 1"):
        nf.ConditionedBase(nf.ConditionedBase(nf.DiagonalNormal(2)), context_dim=1)
    with pytest.raises(TypeError, match=r"distribution must be a Distribution, such as nf.DiagonalNormal\(2\); got 3"):
        nf.ConditionedBase(3)
    with pytest.raises(ValueError, match=r"context_dim must be an integer of at least 1; got 0"):
        nf.ConditionedBase(nf.DiagonalNormal(2), context_dim=0)


def test_a_flow_on_it_is_saved_and_loaded(tmp_path):
    flow = nf.Flow(nf.ConditionedBase(nf.DiagonalNormal(2), nf.MLP((4,)), CONTEXT), nf.Planar(2))
    params = trees.map_leaves(lambda a: a + 0.1, flow.init(rng()))
    nf.save(tmp_path / "a.flow", flow, params)
    again, loaded = nf.load(tmp_path / "a.flow")
    c = rng(1).normal(size=(5, CONTEXT))
    assert (again.sample(loaded, rng(), 5, c) == flow.sample(params, rng(), 5, c)).all()


def test_a_fit_finds_mean_and_scale_that_follow_the_context():
    """x | c ~ N(2 c, e^2c): its entropy, log e^c + (1 + log 2 pi) / 2, is the loss of the best density."""
    c = rng(0).uniform(-1, 1, size=(1500, 1))
    x = 2 * c + onp.exp(c) * rng(1).normal(size=(1500, 1))
    flow = nf.Flow(nf.ConditionedBase(nf.DiagonalNormal(1), nf.MLP((16,), "tanh"), 1), nf.Standardize(1))
    result = nf.fit(flow, x, context=c, rng=rng(2), steps=300, optimizer=nf.adam(1e-2), validation=None, progress=False)
    exact = c.mean() + 0.5 * (1 + onp.log(2 * onp.pi))
    assert abs(-flow.log_prob(result.params, x, c).mean() - exact) < 0.06
