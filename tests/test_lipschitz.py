"""Lipschitz networks: their constant, their power iteration, and all their derivatives."""

import numpy as onp
import pytest
from comparing import close, close_trees
from strict import StrictArray

import nfscratch as nf
from nfscratch import autodiff, backend, trees
from nfscratch.autodiff import register_array_type
from nfscratch.nets.network import Network
from nfscratch.ops.convolution import CONVOLUTION, convolve
from nfscratch.ops.products import DENSE
from nfscratch.ops.spectral import bounded, bounded_vjp, power_iteration, spectral_norm

register_array_type(StrictArray)
SHAPE = (2, 4, 3)


def dense(coefficient=0.97, hidden=(16, 16), activation="lipswish", context_dim=0, scale=1.0):
    return wild(nf.LipschitzMLP(hidden, coefficient, activation), 5, context_dim, scale)


def conv(coefficient=0.97, hidden=(4, 3), activation="lipswish", context_dim=0, scale=1.0):
    return wild(nf.LipschitzConv(hidden, coefficient, activation), SHAPE, context_dim, scale)


def wild(network, size, context_dim, scale):
    """network, its updated wild parameters, and a generator."""
    rng = onp.random.default_rng(0)
    params = network.init(rng, size, size, context_dim)
    moved = trees.map_leaves(lambda p: p + scale * rng.normal(size=p.shape), params, fixed=lambda p: p)
    return network, network.update(moved), rng


def points(network, rng, n):
    return 3.0 * rng.normal(size=(n, *SHAPE) if isinstance(network, nf.LipschitzConv) else (n, 5))


both = pytest.mark.parametrize("make", [dense, conv])


# --- the constant ---


@both
@pytest.mark.parametrize("coefficient", [0.5, 0.97])
@pytest.mark.parametrize("activation", ["tanh", "elu", "lipswish"])
def test_after_an_update_no_singular_value_exceeds_the_coefficient(make, coefficient, activation):
    network, params, rng = make(coefficient, activation=activation)
    x = points(network, rng, 1000)
    free, bound = (
        onp.linalg.norm(J, 2, axis=(1, 2)).max()
        for J in (network.inner.jacobian(params, x), network.jacobian(params, x))
    )
    assert bound < coefficient < free
    assert coefficient * 0.99 < network.lipschitz_bound(params) < coefficient


@both
def test_before_the_update_it_does_exceed_it_and_the_bound_says_so(make):
    network, params, rng = make()
    stale = trees.with_fixed_of(network.init(rng, 5 if make is dense else SHAPE, 5 if make is dense else SHAPE), params)
    assert network.lipschitz_bound(stale) > 1.05
    assert network.lipschitz_bound(network.update(stale)) < 0.98


@both
def test_distances_shrink(make):
    network, params, rng = make(0.9)
    x, y = points(network, rng, 200), points(network, rng, 200)
    moved = network.apply(params, x) - network.apply(params, y)
    shrink = onp.linalg.norm(moved.reshape(200, -1), axis=1) / onp.linalg.norm((x - y).reshape(200, -1), axis=1)
    assert shrink.max() < 0.9


@both
def test_small_weights_are_left_as_they_are(make):
    network, params, _ = make(scale=0.0)
    small = network.update(trees.map_leaves(lambda p: 0.01 * p, params, fixed=lambda p: p))
    for layer, p in zip(network.layers(small), small, strict=True):
        close(layer["W"], p["W"], 0.0)


@both
def test_a_context_moves_the_output_by_any_amount_and_x_does_not(make):
    network, params, rng = make(context_dim=3)
    params[0]["C"] = params[0]["C"] * 1e3
    x, c = points(network, rng, 50), rng.normal(size=(50, 3))
    assert onp.linalg.norm(network.jacobian(params, x, c), 2, axis=(1, 2)).max() < 0.97
    assert onp.abs(network.apply(params, x, c) - network.apply(params, x, -c)).max() > 1.0


# --- the power iteration ---


@pytest.mark.parametrize("shape", [(8, 8), (3, 9), (9, 1)])
def test_sigma_is_the_largest_singular_value(shape):
    rng = onp.random.default_rng(1)
    W, u, v = rng.normal(size=shape), rng.normal(size=shape[0]), rng.normal(size=shape[1])
    u, v, sigma = power_iteration(DENSE, W, u, v, 1e-9)
    assert sigma == pytest.approx(onp.linalg.norm(W, 2), rel=1e-12)
    assert spectral_norm(DENSE, W, u, v) == pytest.approx(sigma, rel=1e-12)


def test_sigma_of_a_convolution_is_that_of_its_matrix_and_not_of_the_reshaped_kernel():
    rng = onp.random.default_rng(2)
    K = rng.normal(size=(2, 2, 3, 3))
    unit = onp.eye(24).reshape(2, 4, 3, 24)
    matrix = convolve(K, unit).reshape(24, 24)
    sigma = power_iteration(CONVOLUTION, K, None, rng.normal(size=(2, 4, 3)), 1e-9)[2]
    assert sigma == pytest.approx(onp.linalg.norm(matrix, 2), rel=1e-12)
    assert sigma > 1.2 * onp.linalg.norm(K.reshape(2, 18), 2)


def test_few_steps_underestimate_and_a_warm_start_needs_few():
    rng = onp.random.default_rng(3)
    W, u, v = rng.normal(size=(64, 64)), None, rng.normal(size=64)
    true = onp.linalg.norm(W, 2)
    sigmas = [power_iteration(DENSE, W, u, v, 0.0, most)[2] for most in (1, 5, 20, 200)]
    assert sigmas == sorted(sigmas) and sigmas[0] < 0.9 * true < sigmas[-1] <= true * (1 + 1e-12)
    u, v, _ = power_iteration(DENSE, W, u, v, 1e-6)
    nearby = W + 1e-3 * rng.normal(size=W.shape)
    assert power_iteration(DENSE, nearby, u, v, 0.0, 2)[2] == pytest.approx(onp.linalg.norm(nearby, 2), rel=1e-4)


def test_weights_of_zero_keep_their_vectors():
    u, v = onp.ones(3), onp.ones(2)
    kept = power_iteration(DENSE, onp.zeros((3, 2)), u, v, 1e-3)
    assert kept[0] is u and kept[1] is v and kept[2] == 0.0


@pytest.mark.parametrize("c", [0.5, 50.0])
@pytest.mark.parametrize(("product", "shape", "into", "out"), [
    (DENSE, (4, 3), (3,), (4,)), (CONVOLUTION, (2, 3, 3, 3), (3, 2, 4), (2, 2, 4)),
])  # fmt: skip
def test_the_gradient_of_bounded_weights_is_autograds_and_vectors_need_not_have_converged(product, shape, into, out, c):
    rng = onp.random.default_rng(4)
    W, u, v, g = (rng.normal(size=s) for s in (shape, out, into, shape))
    value, pullback = bounded_vjp(product, W, u, v, c)
    expected, traced = autodiff.value_and_vjp(lambda W: bounded(product, W, u, v, c), W)
    close(value, expected, 1e-14)
    close(pullback(g), traced(g)[0], 1e-13)


def test_update_moves_the_stored_vectors_alone():
    network, params, _ = dense()
    moved = trees.map_leaves(lambda p: 1.1 * p + 0.1, params, fixed=lambda p: p)
    updated = network.update(moved)
    for before, after in zip(trees.leaves(moved), trees.leaves(updated), strict=True):
        assert before is after
    assert all(onp.abs(a["fixed"]["v"] - b["fixed"]["v"]).max() > 0 for a, b in zip(moved, updated, strict=True))


# --- as a network ---


@both
@pytest.mark.parametrize("context_dim", [0, 2])
def test_every_derivative_is_autograds(make, context_dim):
    network, params, rng = make(context_dim=context_dim)
    x, context = points(network, rng, 6), rng.normal(size=(6, 2)) if context_dim else None
    v = rng.normal(size=(2, *x.shape))
    f, Jv, back = network.jvp_vjp(params, x, v, context)
    f_too, Jv_too, traced = Network.jvp_vjp(network, params, x, v, context)
    close(f, network.prepared(params)(x, context), 1e-13)
    close(f, f_too, 1e-13)
    close(Jv, Jv_too, 1e-12)
    g, g_Jv = rng.normal(size=f.shape), rng.normal(size=Jv.shape)
    pairs = [(back(g, g_Jv), traced(g, g_Jv))]
    pairs.append((network.apply_vjp(params, x, context)[1](g), Network.apply_vjp(network, params, x, context)[1](g)))
    for mine, theirs in pairs:
        for a, b in zip(mine, theirs, strict=True):
            assert (a is None) == (b is None)
            if a is not None:
                close_trees(a, b, 1e-11)


@both
def test_the_linearized_network_multiplies_the_first_rows_by_its_transposed_jacobian(make):
    network, params, rng = make()
    x = points(network, rng, 5)
    f, back = network.linearized(params, x)
    close(f, network.apply(params, x), 1e-13)
    for n in (5, 2, 0):
        u = rng.normal(size=(n, *x.shape[1:]))
        J = network.jacobian(params, x)[:n]
        close(back(u).reshape(n, J.shape[1]), onp.einsum("noi,no->ni", J, u.reshape(n, J.shape[1])), 1e-12)
        close(Network.linearized(network, params, x)[1](u), back(u), 1e-12)


@both
def test_strict_arrays_and_float32(make):
    network, params, rng = make()
    x = points(network, rng, 4)
    single = trees.map_leaves(lambda a: a.astype("float32"), [params, x, x[None]])
    device = trees.map_leaves(StrictArray, single)
    device[0] = network.update(device[0])
    single[0] = network.update(single[0])
    for p in device[0]:
        assert type(p["fixed"]["u"]) is StrictArray and p["fixed"]["u"].dtype == "float32"
    here, there = (network.jvp_vjp(*arrays) for arrays in (single, device))
    for a, b in zip((*here[:2], *here[2](*here[:2])), (*there[:2], *there[2](*there[:2])), strict=True):
        if a is not None:
            assert all(leaf.dtype == "float32" for leaf in trees.leaves(b))
            close_trees(trees.map_leaves(backend.to_numpy, b), a, 0.0)


def test_a_fresh_network_is_zero_and_its_vectors_are_of_length_one():
    network = nf.LipschitzMLP((8,))
    params = network.init(onp.random.default_rng(0), 3, 3)
    assert not network.apply(params, onp.ones((2, 3))).any()
    assert all(onp.linalg.norm(p["fixed"][key]) == pytest.approx(1.0) for p in params for key in "uv")


# --- bad input ---


@pytest.mark.parametrize("coefficient", [1, 1.0, 1.5])
def test_a_coefficient_of_one_or_more_is_refused(coefficient):
    with pytest.raises(ValueError, match=r"coefficient must be below 1, or x \+ F\(x\) need not be invertible; got 1"):
        nf.LipschitzMLP(coefficient=coefficient)


@pytest.mark.parametrize("coefficient", [0.0, -0.5, onp.nan, "0.9", None])
def test_a_coefficient_that_is_no_positive_number_is_refused(coefficient):
    with pytest.raises(ValueError, match="coefficient must be positive and finite; got"):
        nf.LipschitzConv(coefficient=coefficient)


@pytest.mark.parametrize("activation", ["relu", "silu", "gelu", "sine"])
def test_an_activation_that_is_not_smooth_or_too_steep_is_refused(activation):
    with pytest.raises(ValueError, match="activation must be one of tanh, elu, lipswish; got"):
        nf.LipschitzMLP(activation=activation)


@pytest.mark.parametrize("second", (6.0, -6.0))
def test_another_singular_value_that_becomes_the_largest_is_found(second):
    r = onp.random.default_rng(3)
    R, S = (onp.linalg.qr(r.normal(size=(2, 2)))[0] for _ in range(2))
    network = nf.LipschitzMLP((), coefficient=0.97)
    params = network.init(r, 2, 2)
    params[0]["W"] = R @ onp.diag([3.0, 1.0]) @ S
    for _ in range(20):
        params = network.update(params)
    params[0]["W"] = R @ onp.diag([3.0, second]) @ S
    largest = onp.linalg.norm(network.layers(params)[0]["W"], 2)
    assert network.lipschitz_bound(params) == pytest.approx(largest, rel=1e-4)
    params = network.update(params)
    assert onp.linalg.norm(network.layers(params)[0]["W"], 2) < 0.97
