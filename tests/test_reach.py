"""`rng` and `context` reach every layer, whatever wraps it; every road makes the same random draws."""

from dataclasses import dataclass

import autograd
import autograd.numpy as np
import numpy as onp
import pytest

import nfscratch as nf


@dataclass(frozen=True, eq=False)
class Noisy(nf.Bijection):
    """x = e^(a + c) z, c the context; where there is an rng, log_det is off by fresh noise of mean 0."""

    context_dim = 1
    stochastic = True
    in_shape = property(lambda self: (2,))

    def init(self, rng, x=None, context=None):
        return {"a": nf.backend.asarray(onp.full(2, 0.3))}

    def _log_scale(self, params, context):
        if context is None:
            raise ValueError("context must reach the layer; got None")
        return params["a"] + context

    def _log_det(self, s, sign, rng):
        noise = 0.0 if rng is None else rng.normal(size=len(s))
        return np.sum(sign * s, axis=1) * (1.0 + noise)

    def forward(self, params, z, context=None, rng=None):
        s = self._log_scale(params, context)
        return np.exp(s) * z, self._log_det(s, 1.0, rng)

    def inverse(self, params, x, context=None, rng=None):
        s = self._log_scale(params, context)
        return np.exp(-s) * x, self._log_det(s, -1.0, rng)


@dataclass(frozen=True, eq=False)
class Searched(nf.NumericInverse):
    """The same map, with an inverse by search."""

    context_dim = 1
    stochastic = True
    in_shape = property(lambda self: (2,))
    inner = Noisy()

    def init(self, rng, x=None, context=None):
        return self.inner.init(rng)

    def forward(self, params, z, context=None, rng=None):
        return self.inner.forward(params, z, context, rng)

    def solve(self, params, x, context=None):
        return self.inner.inverse(params, x, context)[0]


WRAPPED = {
    "alone": lambda: Noisy(),
    "inverse": lambda: nf.Inverse(Noisy()),
    "chain": lambda: nf.Chain([nf.ActNorm(2), Noisy(), Noisy()]),
    "stack": lambda: nf.Stack(Noisy(), 3),
    "numeric inverse": lambda: Searched(),
    "inverse of a numeric inverse": lambda: nf.Inverse(Searched()),
    "stack of a chain": lambda: nf.Stack(nf.Chain([Noisy(), nf.Permutation((1, 0))]), 2),
    "chain of a stack of an inverse": lambda: nf.Chain([nf.Stack(nf.Inverse(Noisy()), 2), nf.Inverse(Noisy())]),
    "inverse of a stack of a numeric inverse": lambda: nf.Inverse(nf.Stack(Searched(), 2)),
}
METHODS = ("forward", "inverse", "forward_value", "inverse_value", "forward_vjp", "inverse_vjp")
every_wrapper = pytest.mark.parametrize("make", WRAPPED.values(), ids=WRAPPED)


def rng(seed=0):
    return onp.random.default_rng(seed)


def example(make):
    layer = make()
    return layer, layer.init(rng()), rng(1).normal(size=(5, 2)), rng(2).normal(size=(5, 1))


@every_wrapper
@pytest.mark.parametrize("method", METHODS)
def test_context_and_rng_arrive(make, method):
    layer, params, z, context = example(make)
    call = getattr(layer, method)
    with pytest.raises(ValueError, match="context must reach the layer"):
        call(params, z)
    exact, one, again, other = (call(params, z, context, r)[1] for r in (None, rng(3), rng(3), rng(4)))
    onp.testing.assert_array_equal(one, again)
    assert (one != exact).all()
    assert (one != other).all()


@every_wrapper
@pytest.mark.parametrize("direction", ["forward", "inverse"])
def test_value_kernel_and_plain_twin_make_the_same_draws(make, direction):
    layer, params, z, context = example(make)
    plain, value, kernel = (getattr(layer, direction + end) for end in ("", "_value", "_vjp"))
    expected = plain(params, z, context, rng(5))
    for got in (value(params, z, context, rng(5)), kernel(params, z, context, rng(5))):
        onp.testing.assert_allclose(got[0], expected[0], rtol=1e-12)
        onp.testing.assert_allclose(got[1], expected[1], rtol=1e-12)


@every_wrapper
def test_a_second_derivative_replays_the_draws_of_the_first(make):
    """d/dx of g(x) = d/dt sum log p(x; params + t), by autograd, against differences of g with the same draws."""
    layer, _, x, context = example(make)
    flow = nf.Flow(nf.StandardNormal(2), layer)
    params = flow.init(rng(), x, context)

    def slope(x):
        def total(t):
            moved = nf.trees.map_leaves(lambda a: a + t, params)
            return np.sum(flow.log_prob(moved, x, context, rng=rng(6)))

        return autograd.grad(total)(0.0)

    step = onp.zeros_like(x)
    step[0, 1] = 1e-5
    difference = (slope(x + step) - slope(x - step)) / 2e-5
    rounding = 8 * onp.finfo(float).eps * abs(slope(x)) / 2e-5
    onp.testing.assert_allclose(autograd.grad(slope)(x)[0, 1], difference, rtol=1e-6, atol=1e-8 + rounding)


def test_the_plain_twin_under_a_second_derivative_sees_the_generator_as_it_was():
    """log p = ... + a (1 + noise): its derivative in a is what the plain twin gives with the same draws."""
    flow = nf.Flow(nf.StandardNormal(2), Noisy())
    x, context = rng(1).normal(size=(4, 2)), rng(2).normal(size=(4, 1))
    params = flow.init(rng(), x, context)
    first = autograd.grad(lambda p: np.sum(flow.log_prob(p, x, context, rng=rng(7))))(params)

    def pulled(t):  # the pullback at cotangent t, whose own derivative replays the plain twin
        vjp, _ = autograd.make_vjp(lambda p: flow.log_prob(p, x, context, rng=rng(7)))(params)
        return np.sum(vjp(t * onp.ones(4))["bijection"]["a"])

    onp.testing.assert_allclose(autograd.grad(pulled)(1.0), first["bijection"]["a"].sum(), rtol=1e-12)


# --- bases ---


@dataclass(frozen=True, eq=False)
class Placed(nf.distributions.Distribution):
    """N(w c, I): its mean depends on the context."""

    context_dim = 1
    shape = property(lambda self: (2,))

    def init(self, rng, z=None, context=None):
        return {"w": nf.backend.asarray(onp.array([0.5, -2.0]))}

    def log_prob(self, params, z, context=None):
        return -0.5 * np.sum(np.square(z - params["w"] * context), axis=1) - np.log(2 * np.pi)

    def sample(self, params, rng, n, like=None, context=None):
        return params["w"] * context + rng.normal(size=(n, 2))


@pytest.mark.parametrize("embed", [None, nf.MLP((4,), "tanh")], ids=["raw", "embedded"])
@pytest.mark.parametrize("layer", [nf.ActNorm(2), Noisy()], ids=["base alone", "base and layer"])
def test_a_base_may_depend_on_the_context(embed, layer):
    flow = nf.Flow(Placed(), layer, embed)
    x, context = rng(1).normal(size=(6, 2)), rng(2).normal(size=(6, 1))
    params = nf.trees.map_leaves(lambda a: a + 0.1 * rng(3).normal(size=a.shape), flow.init(rng(), x, context))
    h = flow.embedded(params, context)
    z, log_det = flow.bijection.inverse(params["bijection"], x, h)
    expected = flow.base.log_prob(params["base"], z, h) + log_det
    onp.testing.assert_allclose(flow.log_prob(params, x, context), expected, rtol=1e-12)

    def through_the_kernel(p, x, c):
        return np.sum(flow.log_prob(p, x, c))

    def by_definition(p, x, c):
        h = flow.embedded(p, c)
        z, log_det = flow.bijection.inverse(p["bijection"], x, h)
        return np.sum(flow.base.log_prob(p["base"], z, h) + log_det)

    for argnum in range(3):
        got, want = (autograd.grad(f, argnum)(params, x, context) for f in (through_the_kernel, by_definition))
        for a, b in zip(nf.trees.leaves(got), nf.trees.leaves(want), strict=True):
            onp.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)
    draws = flow.sample(params, rng(4), 20_000, context[:1])
    expected = flow.bijection.forward(params["bijection"], params["base"]["w"] * h[:1], h[:1])[0]
    onp.testing.assert_allclose(draws.mean(axis=0), expected[0], atol=5 * draws.std(axis=0).max() / 20_000**0.5)


def test_reverse_kl_reaches_the_base_through_the_context():
    flow = nf.Flow(Placed(), nf.ActNorm(2), nf.MLP((4,), "tanh"))
    context = rng(2).normal(size=(1, 1))
    params = nf.trees.map_leaves(lambda a: a + 0.1, flow.init(rng(), rng(1).normal(size=(6, 2)), onp.ones((6, 1))))

    def loss(p):
        x, log_q = flow.sample_and_log_prob(p, rng(5), 50, context)
        return np.mean(log_q + 0.5 * np.sum(np.square(x), axis=1))

    moved = [nf.trees.map_leaves(lambda a, s=s: a + s * 1e-6, params) for s in (1, -1)]
    slope = (loss(moved[0]) - loss(moved[1])) / 2e-6
    onp.testing.assert_allclose(sum(g.sum() for g in nf.trees.leaves(autograd.grad(loss)(params))), slope, rtol=1e-6)


def test_base_and_bijection_must_take_the_same_context():
    with pytest.raises(ValueError, match=r"base and bijection must take the same context; got context_dim \[1, 3\]"):
        nf.Flow(Placed(), nf.Coupling(nf.Affine(), (True, False), context_dim=3))


def test_made_as_a_density_takes_a_context():
    base = nf.AutoregressiveDensity(2, nf.Gaussian(), nf.MADE((8,)), context_dim=1)
    flow = nf.Flow(base, nf.ActNorm(2))
    x, context = rng(1).normal(size=(6, 2)), rng(2).normal(size=(6, 1))
    params = nf.trees.map_leaves(lambda a: a + 0.3 * rng(3).normal(size=a.shape), flow.init(rng(), x, context))
    one, other = flow.log_prob(params, x, context), flow.log_prob(params, x, context + 1.0)
    assert (abs(one - other) > 1e-6).all()
    grid = onp.stack(onp.meshgrid(*[onp.linspace(-9, 9, 181)] * 2, indexing="ij"), axis=-1).reshape(-1, 2)
    mass = onp.exp(flow.log_prob(params, grid, context[0])).sum() * 0.1**2
    onp.testing.assert_allclose(mass, 1.0, atol=1e-3)
    g_context = autograd.grad(lambda c: np.sum(flow.log_prob(params, x, c)))(context)
    step = 1e-6 * onp.eye(6, 1)
    difference = (flow.log_prob(params, x, context + step) - flow.log_prob(params, x, context - step)).sum() / 2e-6
    onp.testing.assert_allclose(g_context[0, 0], difference, rtol=1e-6)
    ensemble = nf.Flow(nf.MaskEnsemble(base, 3), nf.ActNorm(2))
    log_p = ensemble.log_prob(params, x, context)
    members = [
        ensemble.base.member_log_prob(params["base"], nf.ActNorm(2).inverse(params["bijection"], x)[0], k, context)
        for k in range(3)
    ]
    log_det = nf.ActNorm(2).inverse(params["bijection"], x)[1]
    onp.testing.assert_allclose(log_p, onp.log(onp.exp(members).mean(axis=0)) + log_det, rtol=1e-12)
    draws = ensemble.sample(params, rng(8), 40_000, onp.repeat([[-2.0], [2.0]], 20_000, axis=0))
    for half, c in ((draws[:20_000], -2.0), (draws[20_000:], 2.0)):
        same = ensemble.sample(params, rng(9), 20_000, onp.array([c]))
        onp.testing.assert_allclose(half.mean(axis=0), same.mean(axis=0), atol=6 * same.std(axis=0).max() / 20_000**0.5)


# --- networks that keep something ---


@dataclass(frozen=True, eq=False)
class Counting(nf.MLP):
    """An MLP that counts its updates in a stored leaf."""

    updates = True

    def init(self, rng, n_in, n_out, context_dim=0):
        layers = super().init(rng, n_in, n_out, context_dim)
        layers[0]["fixed"] = {"count": nf.backend.asarray(onp.zeros(1))}
        return layers

    def update(self, params):
        first = params[0]
        return [{**first, "fixed": {"count": first["fixed"]["count"] + 1.0}}, *params[1:]]


def test_a_network_is_updated_once_a_step_wherever_it_stands():
    coupling = nf.Coupling(nf.Affine(), (True, False), Counting((4,)), context_dim=1)
    chain = nf.Chain([coupling, nf.Inverse(coupling), nf.Stack(coupling, 2)])
    flow = nf.Flow(nf.StandardNormal(2), chain, Counting((4,)))
    assert flow.updates
    x, context = rng(1).normal(size=(30, 2)), rng(2).normal(size=(30, 1))
    result = nf.fit(flow, x, context=context, rng=rng(), steps=7, batch_size=10, validation=None, progress=False)
    counts = [leaf for leaf in stored(result.params) if leaf.size]
    assert len(counts) == 4  # two couplings, a stack of two (one leaf), the embedding network
    assert all((leaf <= 7).all() and (leaf == counts[0].flat[0]).all() and leaf.flat[0] > 0 for leaf in counts)


def stored(tree):
    """The leaves under "fixed"."""
    if isinstance(tree, dict):
        return [leaf for key in tree for leaf in (tree[key].values() if key == "fixed" else stored(tree[key]))]
    return [leaf for part in tree for leaf in stored(part)] if isinstance(tree, list) else []
