"""The activations: values by their formulas, slopes, and the three kernels that use them."""

from math import erf, sqrt

import numpy as onp
import pytest
from comparing import close, close_trees
from strict import StrictArray

import nfscratch as nf
from nfscratch import autodiff, backend, check, trees
from nfscratch.autodiff import register_array_type
from nfscratch.checkpoint import rebuilding
from nfscratch.ops.activations import ACTIVATIONS, FAR, activated

register_array_type(StrictArray)
NAMES = ("relu", "tanh", "elu", "gelu", "silu", "lipswish")
SMOOTH = NAMES[1:]
every_activation = pytest.mark.parametrize("name", NAMES)
dtypes = pytest.mark.parametrize("dtype", ("float32", "float64"))

A = onp.concatenate([onp.linspace(-12.0, 12.0, 241), [0.0, -1e-9, 1e-9, -FAR, FAR, -1e3, 1e3]])[None]
FORMULAS = {
    "relu": lambda a: onp.where(a > 0, a, 0.0),
    "tanh": lambda a: 1.0 - 2.0 / (1.0 + onp.exp(2.0 * onp.clip(a, -300, 300))),
    "elu": lambda a: onp.where(a > 0, a, onp.exp(onp.minimum(a, 0)) - 1.0),
    "gelu": lambda a: 0.5 * a * (1.0 + onp.tanh(onp.sqrt(2.0 / onp.pi) * (a + 0.044715 * a**3))),
    "silu": lambda a: a / (1.0 + onp.exp(onp.clip(-a, None, 300))),
    "lipswish": lambda a: a / (1.0 + onp.exp(onp.clip(-a, None, 300))) / 1.1,
}


def kernel(name, a):
    """(h, slope) by the kernel, on an array of its own."""
    act = ACTIVATIONS[name]
    h, kept = activated(a.copy(), act, onp.zeros_like(a, shape=(1, a.shape[1])))
    return h, act.slope(kept)


def test_every_name_is_tested():
    assert set(NAMES) == set(ACTIVATIONS)


@every_activation
def test_kernel_and_plain_twin_are_the_formula(name):
    close(kernel(name, A)[0], FORMULAS[name](A), 1e-15)
    close(ACTIVATIONS[name].plain(A), FORMULAS[name](A), 1e-15)


@pytest.mark.parametrize("name", SMOOTH)
def test_the_slope_is_that_of_finite_differences_and_of_the_plain_twin(name):
    a, slope = A[:, onp.abs(A[0]) > 1e-6], kernel(name, A[:, onp.abs(A[0]) > 1e-6])[1]
    e = 1e-6
    close(slope, (FORMULAS[name](a + e) - FORMULAS[name](a - e)) / (2 * e), 2e-9 * onp.abs(a).max() / 12)
    _, pullback = autodiff.value_and_vjp(ACTIVATIONS[name].plain, A)
    close(kernel(name, A)[1], pullback(onp.ones_like(A))[0], 1e-14)


@pytest.mark.parametrize("name", SMOOTH)
def test_the_second_slope_is_that_of_finite_differences(name):
    a, act, e = A[:, onp.abs(A[0]) > 1e-4], ACTIVATIONS[name], 1e-5
    _, kept = activated(a.copy(), act, onp.zeros_like(a, shape=(1, a.shape[1])))
    close(act.second(kept), (kernel(name, a + e)[1] - kernel(name, a - e)[1]) / (2 * e), 2e-9)


@every_activation
def test_no_slope_is_larger_than_the_stated_lipschitz_constant_and_one_is_nearly_as_large(name):
    a = onp.linspace(-6.0, 6.0, 200_001)[None]
    largest = onp.abs(kernel(name, a)[1]).max()
    assert largest <= ACTIVATIONS[name].lipschitz <= 1.0002 * largest


def test_relu_and_tanh_are_written_in_place_and_bit_for_bit_numpys_own():
    """Nothing is kept beside the value: a network with these needs no more memory and no more time than before."""
    for name, value, slope in (("relu", onp.maximum(A, 0.0), A > 0), ("tanh", onp.tanh(A), 1.0 - onp.tanh(A) ** 2)):
        a = A.copy()
        h, kept = activated(a, ACTIVATIONS[name], onp.zeros((1, A.shape[1])))
        assert h is a and kept is a
        assert (h == value).all() and (ACTIVATIONS[name].slope(kept) == slope).all()


def test_gelu_is_near_the_form_with_the_normal_distribution_function():
    exact = onp.array([a * 0.5 * (1.0 + erf(a / sqrt(2.0))) for a in A[0]])
    assert 1e-4 < onp.abs(kernel("gelu", A)[0][0] - exact).max() < 5e-4


@every_activation
@dtypes
def test_far_out_values_and_slopes_are_the_limits(name, dtype):
    far = onp.array([[-onp.inf, -1e30, -1e5, 1e5, 1e30, onp.inf]], dtype=dtype)
    h, slope = kernel(name, far)
    below = {"elu": -1.0, "tanh": -1.0}.get(name, 0.0)
    steep = {"tanh": 0.0, "lipswish": onp.asarray(1.0, dtype) / onp.asarray(1.1, dtype)}.get(name, 1.0)
    above = onp.ones(3) if name == "tanh" else far[0, 3:] / (1.1 if name == "lipswish" else 1.0)
    assert (h[0, :3] == below).all() and (h[0, 3:] == above).all()
    assert (slope[0] == [0, 0, 0, *(3 * [steep])]).all()
    assert (ACTIVATIONS[name].plain(far) == h).all()


@every_activation
def test_float32_stays_float32(name):
    a = A.astype("float32")
    h, slope = kernel(name, a)
    assert h.dtype == ACTIVATIONS[name].plain(a).dtype == "float32"
    assert (a * slope).dtype == "float32"
    close(h, FORMULAS[name](A), 1e-6)


# --- the networks ---


def network(kind, name, n=6, dim=5, context_dim=2):
    """A network with wild parameters, points, context, and a gradient for its outputs."""
    rng = onp.random.default_rng(0)
    net = kind((9, 11), name)
    params = net.init(rng, dim, 2 * dim, context_dim)
    params = trees.map_leaves(lambda p: p + rng.normal(size=p.shape) / p.shape[-1] ** 0.5, params)
    x, context = rng.normal(size=(n, dim)), rng.normal(size=(n, context_dim))
    return net, params, x, context, rng.normal(size=(n, 2 * dim))


@every_activation
@pytest.mark.parametrize("kind", (nf.MLP, nf.MADE))
def test_a_network_and_its_twin_give_the_same(kind, name):
    net, params, x, context, g = network(kind, name)
    out, pullback = net.apply_vjp(params, x, context)
    expected, traced = autodiff.value_and_vjp(net.apply, params, x, context)
    close(out, expected, 1e-14)
    for mine, theirs in zip(pullback(g), traced(g), strict=True):
        close_trees(mine, theirs, 1e-13)
    J = check.finite_difference_jacobian(lambda a: net.apply(params, a, context), x)
    close(net.jacobian(params, x, context), J, 1e-6)


@every_activation
def test_variables_generated_one_by_one_are_those_of_the_whole_pass_and_so_are_gradients(name):
    """x_i = theta_i1 + tanh(theta_i0) z_i, in one pass, beside D calls of the whole network."""
    layer = nf.Autoregressive(nf.Affine(), 40, nf.MADE((70, 50), name), context_dim=2)
    rng = onp.random.default_rng(1)
    params = layer.init(rng)
    params = trees.map_leaves(lambda p: p + 0.3 * rng.normal(size=p.shape) / p.shape[-1] ** 0.5, params)
    z, context = rng.normal(size=(4, 40)), rng.normal(size=(4, 2))
    x, log_det, pullback = layer.forward_vjp(params, z, context)
    close(layer.inverse(params, x, context)[0], z, 1e-11)
    (value, plain_log_det), traced = autodiff.value_and_vjp(layer.forward, params, z, context)
    close(x, value, 1e-12)
    close(log_det, plain_log_det, 1e-12)
    g_x, g_l = rng.normal(size=x.shape), rng.normal(size=4)
    for mine, theirs in zip(pullback(g_x, g_l), traced((g_x, g_l)), strict=True):
        close_trees(mine, theirs, 1e-10)


@every_activation
@pytest.mark.parametrize("kind", (nf.MLP, nf.MADE))
def test_strict_arrays_give_what_numpy_arrays_give(kind, name):
    net, params, x, context, g = network(kind, name)
    device = trees.map_leaves(StrictArray, params)
    out, pullback = net.apply_vjp(device, StrictArray(x), StrictArray(context))
    expected, expected_pullback = net.apply_vjp(params, x, context)
    close(out, expected, 1e-14)
    for mine, theirs in zip(pullback(StrictArray(g)), expected_pullback(g), strict=True):
        close_trees(trees.map_leaves(backend.to_numpy, mine), theirs, 1e-13)


# --- initial scale ---


@pytest.mark.parametrize("kind", (nf.MLP, nf.MADE))
@every_activation
def test_gain_multiplies_the_hidden_weights(kind, name):
    one, fifth = (kind((300, 200), name, gain).init(onp.random.default_rng(3), 40, 40) for gain in (1.0, 0.2))
    for k in range(2):
        onp.testing.assert_allclose(fifth[k]["W"], 0.2 * one[k]["W"], rtol=1e-14)
    assert not fifth[2]["W"].any()
    if kind is nf.MLP:
        variance = {"relu": 2.0, "gelu": 2.0, "silu": 2.0, "lipswish": 2.42, "elu": 1.5, "tanh": 1.0}[name]
        assert abs(one[1]["W"].var() * 300 / variance - 1) < 5 * (2 / 6e4) ** 0.5


@pytest.mark.parametrize("kind", (nf.MLP, nf.MADE))
def test_a_bad_gain_is_refused(kind):
    with pytest.raises(ValueError, match=r"gain must be positive and finite; got 0\.0"):
        kind((4,), "relu", 0.0)


def test_a_network_of_a_file_without_a_gain_has_gain_one():
    """A description leaves it out at 1, as older files do, so that a run from before goes on."""
    written = nf.checkpoint.description.describe(nf.MADE((4,), "tanh"))
    assert written == {"part": "MADE", "fields": {"hidden": {"tuple": [4]}, "activation": "tanh"}}
    assert rebuilding.build(written).gain == 1.0
    again = rebuilding.build(nf.checkpoint.description.describe(nf.MLP((4,), "silu", 0.3)))
    assert (again.activation, again.gain) == ("silu", 0.3)
