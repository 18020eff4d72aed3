"""Conditioned: parameters of a layer that follow the context; and the recipes that are made of it."""

from dataclasses import dataclass

import autograd
import autograd.numpy as np
import numpy as onp
import pytest
from share import few

import nfscratch as nf
from nfscratch.nets.per_row import per_row

CONTEXT = 3
RECIPES = ("planar", "radial", "sylvester", "linear")


def rng(seed=0):
    return onp.random.default_rng(seed)


def moved(params, seed=1, scale=0.3):
    draws = rng(seed)
    return nf.trees.map_leaves(lambda leaf: leaf + scale * draws.normal(size=leaf.shape).astype(leaf.dtype), params)


def recipe(name, dim=2, **options):
    return getattr(nf.flows, name)(dim, context_dim=CONTEXT, hidden=(8,), **options)


def batch(dim=2, n=20):
    return rng(2).normal(size=(n, dim)), rng(3).normal(size=(n, CONTEXT))


@pytest.mark.parametrize("layer", [nf.Planar(2), nf.Radial(2), nf.PLU(2), nf.ActNorm(2)])
def test_a_fresh_layer_is_the_layer_that_it_holds_whatever_the_context(layer):
    z, c = batch()
    conditioned = nf.Conditioned(layer, nf.MLP((8,)), CONTEXT)
    params = conditioned.init(rng(), z * 3 + 1, c)
    for got, expected in zip(conditioned.forward(params, z, c), layer.forward(params["layer"], z), strict=True):
        onp.testing.assert_allclose(got, expected, rtol=1e-12)


def test_each_row_has_the_parameters_that_its_own_context_gives():
    """Equation (1), row by row, with the layer's own shared parameters."""
    layer, net = nf.Chain([nf.Radial(2), nf.Triangular(2)]), nf.MLP((8,))
    conditioned = nf.Conditioned(layer, net, CONTEXT)
    z, c = batch()
    params = moved(conditioned.init(rng()))
    x, log_det = conditioned.forward(params, z, c)
    out = net.apply(params["network"], c)
    for n in range(len(z)):
        flat, start = params["layer"], 0
        theta = []
        for part in flat:
            mine = {}
            for key in sorted(part):
                size = part[key].size
                mine[key] = part[key] + out[n, start : start + size].reshape(part[key].shape)
                start += size
            theta.append(mine)
        x_n, log_det_n = layer.forward(theta, z[n : n + 1])
        onp.testing.assert_allclose(x[n], x_n[0], rtol=1e-12)
        onp.testing.assert_allclose(log_det[n], log_det_n[0], rtol=1e-12)


def test_stored_leaves_are_shared_by_all_rows_and_stay_out_of_the_network():
    layer = nf.Chain([nf.Planar(2), nf.Standardize(2)])
    conditioned = nf.Conditioned(layer, nf.MLP((8,)), CONTEXT)
    z, c = batch()
    params = conditioned.init(rng(), z * 5 + 1, c)
    theta = per_row(params["layer"], onp.zeros((20, 5)))
    assert theta[1]["fixed"]["mean"].shape == (2,)
    assert params["network"][-1]["b"].shape == (5,)  # w, u and b of the planar layer


@pytest.mark.parametrize("layer", [nf.Coupling(nf.Affine(), (True, False)), nf.Autoregressive(nf.Affine(), 2)])
def test_a_layer_without_parameters_per_sample_is_refused_with_the_remedy(layer):
    with pytest.raises(ValueError, match=r"layer must take parameters per sample, as nf.Planar.* take context_dim"):
        nf.Conditioned(layer, context_dim=CONTEXT).init(rng())


def test_a_stack_of_layers_is_refused_inside_but_may_hold_conditioned_layers():
    with pytest.raises(ValueError, match=r"parameters per sample.*got Stack"):
        nf.Conditioned(nf.Stack(nf.Planar(2), 3), context_dim=CONTEXT).init(rng())
    z, c = batch()
    stack = nf.Stack(nf.Conditioned(nf.Radial(2), nf.MLP((8,)), CONTEXT), 3)
    params = moved(stack.init(rng()))
    x, log_det = stack.forward(params, z, c)
    back, log_det_back = stack.inverse(params, x, c)
    onp.testing.assert_allclose(back, z, atol=1e-10)
    onp.testing.assert_allclose(log_det, -log_det_back, atol=1e-10)


def test_what_does_not_fit_is_refused_where_it_is_made():
    with pytest.raises(ValueError, match=r"context_dim must be an integer of at least 1; got 0"):
        nf.Conditioned(nf.Planar(2), context_dim=0)
    with pytest.raises(TypeError, match=r"layer must be a Bijection, such as nf.Planar\(2\); got 3"):
        nf.Conditioned(3, context_dim=1)
    with pytest.raises(ValueError, match=r"parameters that the context can move; got Permutation"):
        nf.Conditioned(nf.Reverse(2), context_dim=1).init(rng())
    with pytest.raises(ValueError, match=r"the same context, of 2 numbers, or none; got Conditioned of context_dim 3"):
        nf.Conditioned(nf.Conditioned(nf.Planar(2), context_dim=3), context_dim=2)


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("embed", few([None, nf.MLP((5,))], [None]))
def test_a_recipe_with_a_context_has_one_density_by_every_road(name, embed):
    flow = recipe(name, embed=embed)
    x, c = batch()
    c = c if embed is None else rng(4).normal(size=(20, 7))
    params = moved(flow.init(rng(), x, c), scale=0.1)
    log_p, pullback = flow.log_prob_vjp(params, x, c)
    onp.testing.assert_allclose(log_p, flow.log_prob(params, x, c), rtol=1e-10)
    alone = [flow.log_prob(params, x[n : n + 1], c[n]) for n in range(3)]
    onp.testing.assert_allclose(log_p[:3], onp.concatenate(alone), rtol=1e-9)
    by_autograd = autograd.grad(lambda p: np.sum(flow._log_prob(p, x, c, None)))(params)  # the plain definition, traced
    pairs = zip(nf.trees.leaves(pullback(onp.ones(20))[0]), nf.trees.leaves(by_autograd), strict=True)
    assert all(onp.allclose(a, b, rtol=1e-9, atol=1e-9) for a, b in pairs)


@pytest.mark.parametrize("name", RECIPES)
def test_draws_follow_the_context_and_their_density_is_that_of_log_prob(name):
    flow = recipe(name)
    x, c = batch()
    params = moved(flow.init(rng(), x, c), scale=0.2)
    draws, log_q = flow.sample_and_log_prob(params, rng(5), 20, c)
    onp.testing.assert_allclose(flow.log_prob(params, draws, c), log_q, rtol=1e-7)
    others = flow.sample(params, rng(5), 20, c + 1.0)
    assert onp.abs(others - draws).max() > 1e-2


@pytest.mark.parametrize("name", RECIPES)
def test_float32_stays_float32(name):
    flow = recipe(name)
    x, c = batch()
    params = nf.trees.cast(flow.init(rng(), x, c), onp.float32)
    log_p, pullback = flow.log_prob_vjp(params, x.astype(onp.float32), c.astype(onp.float32))
    grads, g_x, g_context = pullback(log_p)
    assert {a.dtype for a in (log_p, g_x, g_context, *nf.trees.leaves(grads))} == {onp.dtype("float32")}


def test_a_conditional_gaussian_finds_mean_and_covariance_that_follow_the_context():
    """x | c ~ N(c (1, 2), e^2c [[1, .5], [.5, 1]]), for which the best density is known: its entropy."""
    c = rng(0).uniform(-1, 1, size=(2000, 1))
    root = onp.linalg.cholesky([[1.0, 0.5], [0.5, 1.0]])
    x = c * [1.0, 2.0] + onp.exp(c) * (rng(1).normal(size=(2000, 2)) @ root.T)
    flow = nf.flows.linear(2, "triangular", context_dim=1, hidden=(16,), activation="tanh")
    result = nf.fit(flow, x, context=c, rng=rng(2), steps=400, optimizer=nf.adam(1e-2), validation=None, progress=False)
    exact = 2 * c[:, 0] + onp.log(onp.diag(root)).sum() + onp.log(2 * onp.pi) + 1.0
    assert abs(-flow.log_prob(result.params, x, c).mean() - exact.mean()) < 0.06
    unconditional = -nf.flows.linear(2).log_prob(nf.flows.linear(2).init(rng(), x), x).mean()
    assert unconditional > exact.mean() + 0.3


def test_a_planar_posterior_follows_the_observation():
    """Reverse KL to N(c, 0.25) for each c: amortized inference, which planar flows could not do without a context."""
    flow = nf.flows.planar(1, layers=2, context_dim=1, hidden=(16,), activation="tanh")
    c = rng(0).uniform(-1, 1, size=(128, 1))

    def loss(params, draws):
        x, log_q = flow.sample_and_log_prob(params, draws, 128, c)
        return (log_q + 2.0 * ((x - c) ** 2).sum(axis=1)).mean()

    params = flow.init(rng(1))
    result = nf.minimize(loss, params, rng=rng(2), steps=300, optimizer=nf.adam(1e-2), progress=False)
    draws = flow.sample(result.params, rng(3), 4000, onp.repeat([[-0.8], [0.8]], 2000, axis=0))
    means = draws.reshape(2, 2000).mean(axis=1)
    onp.testing.assert_allclose(means, [-0.8, 0.8], atol=0.2)


@pytest.mark.parametrize("name", RECIPES)
def test_a_conditioned_flow_is_saved_and_loaded(name, tmp_path):
    flow = recipe(name)
    x, c = batch()
    params = moved(flow.init(rng(), x, c), scale=0.1)
    nf.save(tmp_path / "a.flow", flow, params)
    again, loaded = nf.load(tmp_path / "a.flow")
    onp.testing.assert_array_equal(again.log_prob(loaded, x, c), flow.log_prob(params, x, c))


@dataclass(frozen=True, eq=False)
class Remembering(nf.ActNorm):
    """It stores the mean of the x that it saw last, and its point z of it, as a layer with running statistics would."""

    updates = True

    def init(self, rng, x=None, context=None):
        return {**super().init(rng, x, context), "fixed": {"mean": onp.zeros(self.dim)}}

    def update(self, params, x, context=None):
        return {**params, "fixed": {"mean": x.mean(axis=0)}}


def test_running_statistics_inside_are_updated_at_theta_n_and_theta_0_is_left_alone():
    layer = nf.Chain([Remembering(2), nf.ActNorm(2)])
    conditioned = nf.Conditioned(layer, nf.MLP((4,)), CONTEXT)
    x, c = batch()
    params = moved(conditioned.init(rng()))
    assert conditioned.updates
    updated = conditioned.update(params, x, c)
    assert updated["network"] is params["network"]
    for key in ("log_scale", "shift"):
        assert updated["layer"][0][key] is params["layer"][0][key]
    theta = conditioned.theta(params, c)
    between, _ = nf.ActNorm(2).inverse(theta[1], x)
    onp.testing.assert_allclose(updated["layer"][0]["fixed"]["mean"], between.mean(axis=0), rtol=1e-12)
    plain = nf.Conditioned(nf.Planar(2), nf.MLP((4,)), CONTEXT)
    params = plain.init(rng())
    assert plain.update(params, x, c) is params
