"""The convolution: its definition, its two gradients, and networks of it."""

import autograd.numpy as np
import numpy as onp
import pytest
from autograd.test_util import check_grads
from comparing import close, close_trees
from strict import StrictArray

import nfscratch as nf
from nfscratch import autodiff, backend, check, trees
from nfscratch.autodiff import register_array_type
from nfscratch.nets.network import Network
from nfscratch.ops import strips
from nfscratch.ops.convolution import CONVOLUTION, back, convolve, correlate

register_array_type(StrictArray)


def by_definition(K, h):
    """(1) of ops/convolution.py, number by number."""
    (O, C, k, _), (_, H, W, N), r = K.shape, h.shape, K.shape[2] // 2
    y = onp.zeros((O, H, W, N))
    for o, c, i, j, p, q in onp.ndindex(O, C, k, k, H, W):
        if 0 <= p + i - r < H and 0 <= q + j - r < W:
            y[o, p, q] += K[o, c, i, j] * h[c, p + i - r, q + j - r]
    return y


@pytest.mark.parametrize("size", [(4, 3), (1, 2), (1, 1)])
@pytest.mark.parametrize("channels", [(3, 2), (2, 3), (2, 2), (2, 0)])
@pytest.mark.parametrize("k", [1, 3, 5])
def test_it_is_the_definition_and_so_are_its_gradients(k, channels, size):
    """With more channels in or more out, which take different roads; images smaller than the kernel, too."""
    rng = onp.random.default_rng(0)
    K, h = rng.normal(size=(*channels, k, k)), rng.normal(size=(channels[1], *size, 5))
    y, traced = autodiff.value_and_vjp(convolve, K, h)
    close(y, by_definition(K, h), 1e-13)
    g = rng.normal(size=y.shape)
    g_K, g_h = traced(g)
    close(CONVOLUTION.outer(g, h, K), g_K, 1e-12)
    close(CONVOLUTION.back(K, g), g_h, 1e-12)
    both = CONVOLUTION.gradients(K, g, h)
    close(both[0], g_K, 1e-12)
    close(both[1], g_h, 1e-12)


@pytest.mark.parametrize("steps", [(2, 1), (2, 3)], ids=str)
@pytest.mark.parametrize("channels", [(3, 2), (2, 3)], ids=str)
def test_in_steps_it_is_some_pixels_of_the_definition_and_so_are_its_gradients(channels, steps):
    rng = onp.random.default_rng(5)
    K, h = rng.normal(size=(*channels, 3, 3)), rng.normal(size=(channels[1], 5, 4, 2))
    y, pullback = autodiff.value_and_vjp(lambda K, h: convolve(K, h, steps), K, h)
    close(y, by_definition(K, h)[:, :: steps[0], :: steps[1]], 1e-13)
    g = rng.normal(size=y.shape)
    everywhere = onp.zeros((channels[0], *h.shape[1:]))
    everywhere[:, :: steps[0], :: steps[1]] = g
    for ours, wanted in zip(
        pullback(g), (CONVOLUTION.outer(everywhere, h, K), CONVOLUTION.back(K, everywhere)), strict=True
    ):
        close(ours, wanted, 1e-12)


@pytest.mark.parametrize("cache", [1, 3_000, 9_000])
@pytest.mark.parametrize("channels", [(3, 2), (2, 3)])
def test_strips_of_every_size_give_the_same_numbers(channels, cache, monkeypatch):
    """One pixel at a time, parts of a row, and two rows of the five."""
    rng = onp.random.default_rng(2)
    K, h = rng.normal(size=(*channels, 3, 3)), rng.normal(size=(channels[1], 5, 4, 7))
    g = rng.normal(size=(channels[0], 5, 4, 7))
    everything = lambda: (  # noqa: E731
        *(convolve(K, h), CONVOLUTION.back(K, g), CONVOLUTION.outer(g, h, K), *CONVOLUTION.gradients(K, g, h)),
        *(convolve(K, h, (2, 1)), back(K, g[:, ::2], (5, 4), (2, 1)), correlate(g[:, ::2], h, (3, 3), (2, 1))),
    )
    whole = everything()
    monkeypatch.setattr(strips, "CACHE", cache)
    assert len(strips.strips((2, 5, 4, 7), (3, 3), (1, 1), h)) == {1: 20, 3_000: 10, 9_000: 3}[cache]
    for a, b in zip(whole, everything(), strict=True):
        close(a, b, 1e-13)


def test_second_derivatives_are_those_of_finite_differences():
    """Of a function that is not linear in the kernel or the image, through both primitives."""
    rng = onp.random.default_rng(3)
    K, h = rng.normal(size=(2, 3, 3, 3)), rng.normal(size=(3, 3, 4, 2))
    value = lambda K, h: np.sum(np.tanh(convolve(K, h)) * convolve(0.5 * K, h * h))  # noqa: E731
    check_grads(value, (0, 1), order=2)(K, h)


def network(activation="tanh", context_dim=0):
    rng = onp.random.default_rng(1)
    net = nf.ConvNet((4, 3), activation, (3, 1, 3))
    params = trees.map_leaves(lambda p: p + 0.5 * rng.normal(size=p.shape), net.init(rng, 2, 2, context_dim))
    x = rng.normal(size=(5, 2, 3, 4))
    return net, params, x, rng.normal(size=(5, context_dim)) if context_dim else None, rng


@pytest.mark.parametrize("context_dim", [0, 2])
@pytest.mark.parametrize("activation", ["relu", "tanh", "lipswish"])
def test_every_derivative_of_a_network_is_that_of_autograd(activation, context_dim):
    net, params, x, context, rng = network(activation, context_dim)
    f, pullback = net.apply_vjp(params, x, context)
    g_f, v = rng.normal(size=f.shape), rng.normal(size=(2, *x.shape))
    both = [(pullback(g_f), Network.apply_vjp(net, params, x, context)[1](g_f))]
    _, Jv, pullback = net.jvp_vjp(params, x, v, context)
    _, Jv_too, traced = Network.jvp_vjp(net, params, x, v, context)
    close(Jv, Jv_too, 1e-12)
    g_Jv = rng.normal(size=Jv.shape)
    both.append((pullback(g_f, g_Jv), traced(g_f, g_Jv)))
    for mine, theirs in both:
        for a, b in zip(mine, theirs, strict=True):
            assert (a is None) == (b is None)
            if a is not None:
                close_trees(a, b, 1e-11)


def test_the_whole_jacobian_flattens_events():
    net, params, x, _, rng = network()
    f, J, pullback = net.jacobian_vjp(params, x)
    close(J, check.finite_difference_jacobian(lambda a: net.apply(params, a), x), 1e-6)
    close(J, net.jacobian(params, x), 1e-13)
    g_f, g_J = rng.normal(size=f.shape), rng.normal(size=J.shape)
    (_, _), traced = autodiff.value_and_vjp(lambda p, a: (net.apply(p, a), net.jacobian(p, a)), params, x)
    for a, b in zip(pullback(g_f, g_J), (*traced((g_f, g_J)), None), strict=True):
        if b is not None:
            close_trees(a, b, 1e-11)


def test_strict_arrays_and_float32():
    net, params, x, context, rng = network("lipswish", 2)
    single = trees.map_leaves(lambda a: a.astype("float32"), [params, x, rng.normal(size=(2, *x.shape)), context])
    here, there = net.jvp_vjp(*single), net.jvp_vjp(*trees.map_leaves(StrictArray, single))
    assert here[0].dtype == here[1].dtype == "float32"
    for a, b in zip((*here[:2], *here[2](*here[:2])), (*there[:2], *there[2](*there[:2])), strict=True):
        close_trees(trees.map_leaves(backend.to_numpy, b), a, 0.0)
        assert all(leaf.dtype == "float32" for leaf in trees.leaves(b))


def test_a_fresh_network_is_zero_and_images_keep_their_size():
    out = nf.ConvNet().apply(nf.ConvNet().init(onp.random.default_rng(0), 3, 6), onp.ones((2, 3, 5, 7)))
    assert out.shape == (2, 6, 5, 7) and not out.any()


@pytest.mark.parametrize("kernels", [2, 0, (3, 3), (3, 3, 4), 3.0, "3", True])
def test_bad_kernels_are_refused(kernels):
    with pytest.raises(ValueError, match="kernels must be an odd number, or 3 of them, one a layer; got"):
        nf.ConvNet((8, 8), kernels=kernels)
