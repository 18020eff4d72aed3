"""The parts of a flow, one claim each: networks, kernels, transformers, layers."""

from itertools import pairwise

import autograd
import autograd.numpy as np
import numpy as onp
import pytest
from comparing import close, close_trees

import nfscratch as nf
from nfscratch import autodiff, check, trees
from nfscratch.ops import affine as affine_ops
from nfscratch.ops.dense import dense, dense_jacobian, dense_vjp

NETWORKS = {
    "MLP": nf.MLP((5, 4)),
    "MLP, tanh": nf.MLP((5,), "tanh"),
    "linear": nf.MLP(()),
    "heads": nf.Heads((nf.MLP((5,), "tanh"), nf.MLP((3, 2)))),
    "heads of heads": nf.Heads((nf.Heads((nf.MLP((2,)),)), nf.MLP(()))),
}
every_network = pytest.mark.parametrize("name", NETWORKS)
with_context = pytest.mark.parametrize("context_dim", [0, 2])
inputs = pytest.mark.parametrize("n_in", [0, 1, 3])


def rng(seed=0):
    return onp.random.default_rng(seed)


def network(name, n_in, context_dim, n=7, n_out=4):
    net, r = NETWORKS[name], rng(len(name))
    params = net.init(r, n_in, n_out, context_dim)
    params = trees.map_leaves(lambda a: a + r.normal(size=a.shape), params)
    return net, params, r.normal(size=(n, n_in)), r.normal(size=(n, context_dim)) if context_dim else None


# --- networks ---


@every_network
@inputs
@with_context
def test_a_network_has_its_sizes_and_starts_at_zero(name, n_in, context_dim):
    net, params, x, context = network(name, n_in, context_dim)
    fresh = net.init(rng(), n_in, 4, context_dim)
    assert net.apply(params, x, context).shape == (7, 4)
    out = net.apply(fresh, x, context)
    assert out.shape == (7, 4) and not out.any()
    assert (
        name == "linear" or n_in + context_dim == 0 or any(a.any() for a in trees.leaves(fresh))
    )  # only the last layer is zero


@every_network
@inputs
@with_context
def test_the_pullback_of_a_network_is_that_of_autograd(name, n_in, context_dim):
    net, params, x, context = network(name, n_in, context_dim)
    out, pullback = net.apply_vjp(params, x, context)
    expected, traced = autodiff.value_and_vjp(net.apply, params, x, context)
    g = rng(3).normal(size=out.shape)
    (g_params, g_x, g_context), (t_params, t_x, t_context) = pullback(g), traced(g)
    close(out, expected, 1e-14)
    close_trees(g_params, t_params, 1e-13)
    close(g_x, t_x, 1e-13)
    assert (g_context is None) == (context is None)
    if context is not None:
        close(g_context, t_context, 1e-13)


@every_network
@inputs
@with_context
def test_the_jacobian_of_a_network_is_that_of_finite_differences(name, n_in, context_dim):
    net, params, x, context = network(name, n_in, context_dim)
    J = net.jacobian(params, x, context)
    assert J.shape == (7, 4, n_in)
    if n_in:
        close(J, check.finite_difference_jacobian(lambda a: net.apply(params, a, context), x), 1e-6)
        close(J, nf.Network.jacobian(net, params, x, context), 1e-12)


def test_an_mlp_starts_with_the_variance_of_he():
    (first, *_) = nf.MLP((2000, 3)).init(rng(), 50, 1)
    assert first["W"].shape == (2000, 50) and not first["b"].any()
    assert abs(first["W"].var() * 50 / 2.0 - 1) < 5 * (2 / 1e5) ** 0.5
    (first, *_) = nf.MLP((2000,), "tanh").init(rng(), 50, 1)
    assert abs(first["W"].var() * 50 - 1) < 5 * (2 / 1e5) ** 0.5


# --- kernels and their plain twins ---


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("widths", [(3, 2), (1, 4, 2), (3, 5, 4, 1)])
def test_dense_and_its_twin_give_the_same(activation, widths):
    r = rng(1)
    layers = [{"W": r.normal(size=(n, m)), "b": r.normal(size=n)} for m, n in pairwise(widths)]
    x = r.normal(size=(widths[0], 6))
    by_hand = x
    for k, layer in enumerate(layers):
        by_hand = layer["W"] @ by_hand + layer["b"][:, None]
        if k < len(layers) - 1:
            by_hand = onp.where(by_hand > 0, by_hand, 0) if activation == "relu" else onp.tanh(by_hand)
    out, pullback = dense_vjp(layers, x, activation)
    expected, traced = autodiff.value_and_vjp(lambda p, a: dense(p, a, activation), layers, x)
    g = onp.broadcast_to(r.normal(size=(widths[-1], 1)), out.shape)  # read-only, as a sum's gradient is
    close(out, by_hand, 1e-14)
    close(expected, by_hand, 1e-14)
    close_trees(pullback(g)[0], traced(g)[0], 1e-13)
    close(pullback(g)[1], traced(g)[1], 1e-13)
    J = check.finite_difference_jacobian(lambda a: dense(layers, a.T, activation).T, x.T)
    close(dense_jacobian(layers, x, activation), J, 1e-6)


@pytest.mark.parametrize("kernel", ["affine", "affine_inverse"])
@pytest.mark.parametrize("columns", [1, 6])
def test_affine_and_its_twin_give_the_same(kernel, columns):
    s, t, z = (rng(k).normal(size=(3, n)) for k, n in enumerate((columns, columns, 6)))
    plain, sign = getattr(affine_ops, kernel), -1.0 if kernel == "affine_inverse" else 1.0
    value, pullback = getattr(affine_ops, f"{kernel}_vjp")(s, t, z)
    g_x, g_l = rng(4).normal(size=(3, 6)), rng(5).normal(size=6)
    expected, traced = autodiff.value_and_vjp(lambda s, t, z: (plain(s, t, z), sign * (s + np.zeros_like(z))), s, t, z)
    close(value, expected[0], 1e-14)
    for own, other in zip(pullback(g_x, g_l), traced((g_x, g_l + onp.zeros_like(z))), strict=True):
        close(own, other, 1e-13)


# --- transformers ---


@pytest.mark.parametrize("c", [0.5, 3.0])
def test_the_log_scale_has_unit_slope_at_zero_and_is_bounded(c):
    a = onp.array([-1e307, -50.0, -1e-6, 0.0, 1e-6, 50.0, 1e307])
    s, pullback = affine_ops.bounded_vjp(a, c)
    close(s, affine_ops.bounded(a, c), 1e-15)
    close(s, [-c, -c, -1e-6, 0.0, 1e-6, c, c], 1e-12)
    close(pullback(onp.ones(7)), [0, 0, 1, 1, 1, 0, 0], 1e-10)
    theta = onp.array([[[1e300, 0.0], [-1e300, 0.0]]])
    x, log_d = nf.Affine(c).forward(theta, onp.ones((1, 2)))
    close(x, [[onp.exp(c), onp.exp(-c)]], 1e-12)
    close(log_d, [[c, -c]], 1e-12)


@pytest.mark.parametrize("dim", [1, 2, 5])
def test_volume_preserving_log_scales_sum_to_zero_and_are_not_all_zero(dim):
    theta, z = rng().normal(size=(4, dim, 2)) * 5, rng(1).normal(size=(4, dim))
    for direction in (nf.VolumePreserving().forward, nf.VolumePreserving().inverse):
        _, log_d = direction(theta, z)
        close(log_d.sum(axis=1), onp.zeros(4), 1e-14)
        assert (abs(log_d).max() > 0.5) == (dim > 1)


@pytest.mark.parametrize(
    "transformer", [nf.Shift(), nf.Affine(), nf.VolumePreserving(), nf.Squared()], ids=lambda t: type(t).__name__
)
def test_theta_zero_is_the_identity(transformer):
    assert transformer.identity_at_zero
    z = rng().normal(size=(4, 3))
    x, log_d = transformer.forward(onp.zeros((3, transformer.n_params)), z)
    assert (x == z).all() and not log_d.any()


# --- layers ---


@pytest.mark.parametrize("dim", range(1, 8))
@pytest.mark.parametrize("mask", [nf.half_mask, nf.alternating_mask])
def test_two_couplings_with_flipped_masks_move_every_variable(dim, mask):
    first, second = mask(dim), mask(dim, flip=True)
    assert len(first) == len(second) == dim and not all(first) and not all(second)
    assert dim == 1 or onp.logical_xor(first, second).all()
    assert abs(sum(first) - dim / 2) <= 0.5
    for flow in (nf.flows.nice, nf.flows.real_nvp):
        chain = flow(dim, layers=2, hidden=(4,)).bijection
        params = check.random_params(chain, rng(), 1.0)
        z = rng(1).normal(size=(5, dim))
        assert (chain.forward(params, z)[0] != z).all()


def test_a_coupling_leaves_what_it_keeps_and_moves_by_the_formula_of_the_paper():
    layer = nf.Coupling(nf.Affine(2.0), (False, True, False, True), nf.MLP(()))
    params, z = check.random_params(layer, rng(), 1.0), rng(1).normal(size=(3, 4))
    a0, a2, t0, t2 = params[0]["W"] @ z[:, [1, 3]].T + params[0]["b"][:, None]
    s0, s2 = 2 * onp.tanh(a0 / 2), 2 * onp.tanh(a2 / 2)
    x, log_det = layer.forward(params, z)
    close(x, onp.stack([onp.exp(s0) * z[:, 0] + t0, z[:, 1], onp.exp(s2) * z[:, 2] + t2, z[:, 3]], axis=1), 1e-13)
    close(log_det, s0 + s2, 1e-14)


def test_a_permutation_that_is_not_its_own_inverse_is_undone():
    layer, z = nf.Permutation((1, 2, 3, 0)), onp.arange(8.0).reshape(2, 4)
    x, _ = layer.forward({}, z)
    assert x.tolist() == [[1, 2, 3, 0], [5, 6, 7, 4]]
    assert (layer.inverse({}, x)[0] == z).all() and (layer.forward({}, x)[0] != z).all()
    assert nf.Permutation.random(9, seed=1).order == nf.Permutation.random(9, seed=1).order
    assert nf.Permutation.random(9, seed=1).order != nf.Permutation.random(9, seed=2).order


@pytest.mark.parametrize("layer", [nf.ActNorm, nf.Standardize])
def test_a_layer_that_starts_from_data_makes_mean_0_and_variance_1(layer):
    x = rng().normal(size=(300, 3)) * [1e-3, 1.0, 1e4] + [5.0, 0.0, -1e5]
    params = layer(3).init(rng(), x)
    z, log_det = layer(3).inverse(params, x)
    close(z.mean(axis=0), onp.zeros(3), 1e-10)
    close(z.var(axis=0), onp.ones(3), 1e-10)
    close(log_det, onp.full(300, -onp.log(x.std(axis=0)).sum()), 1e-12)
    assert trees.count(params) == (6 if layer is nf.ActNorm else 0)


@pytest.mark.parametrize("n", [0, 1])
def test_a_layer_that_starts_from_data_needs_two_rows(n):
    with pytest.raises(ValueError, match=f"ActNorm needs at least 2 rows to start from data; got {n}"):
        nf.ActNorm(2).init(rng(), onp.zeros((n, 2)))


def test_a_chain_starts_each_layer_from_the_data_as_it_arrives_there():
    x = rng().normal(size=(200, 3)) * [1.0, 5.0, 9.0] + 3.0
    chain = nf.Chain([nf.ActNorm(3), nf.Permutation((2, 0, 1)), nf.ActNorm(3)])
    params = chain.init(rng(), x)
    close(params[2]["shift"], x.mean(axis=0), 1e-12)
    close(params[0]["shift"], onp.zeros(3), 1e-12)  # the later layer has done it
    close(params[0]["log_scale"], onp.zeros(3), 1e-12)


def test_a_layer_without_context_stands_beside_one_that_has_it():
    layers = [nf.Coupling(nf.Shift(), nf.half_mask(2, flip), nf.MLP((4,)), c) for flip, c in ((False, 0), (True, 2))]
    chain, z, context = nf.Chain(layers), rng().normal(size=(5, 2)), rng(1).normal(size=(5, 2))
    params = check.random_params(chain, rng(2), 1.0)
    middle, _ = layers[0].forward(params[0], z)
    expected, _ = layers[1].forward(params[1], middle, context)
    x, _, pullback = chain.forward_vjp(params, z, context)
    assert (x == expected).all() and (chain.forward(params, z, context)[0] == expected).all()
    assert pullback(onp.ones_like(x), onp.zeros(5))[2].any()


def test_log_prob_is_in_units_of_the_data():
    """A change of units by 1000 moves log p by log 1000 per variable."""
    x, flow = rng().normal(size=(100, 2)), nf.flows.real_nvp(2, layers=2, hidden=(4,))
    log_p, log_p_scaled = (flow.log_prob(flow.init(rng(), u), u) for u in (x, 1000 * x))
    close(log_p_scaled, log_p - 2 * onp.log(1000), 1e-10)


def test_a_permutation_has_derivatives_in_both_modes():
    layer, z = nf.Permutation((1, 2, 0)), rng().normal(size=(2, 3))
    step = rng(1).normal(size=(2, 3))
    moved = autograd.differential_operators.make_jvp(lambda a: layer.forward({}, a)[0])(z)(step)[1]
    assert (moved == step[:, [1, 2, 0]]).all()
    assert (autograd.grad(lambda a: np.sum(layer.forward({}, a)[0] * step))(z) == step[:, [2, 0, 1]]).all()
