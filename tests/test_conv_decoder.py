"""ConvDecoder: images from a few numbers, its derivatives, and the transposed convolution that it is made of."""

import autograd
import numpy as onp
import pytest
from comparing import close, close_trees
from refusals import refused
from strict import StrictArray

import nfscratch as nf
from nfscratch import backend, trees
from nfscratch.autodiff import register_array_type
from nfscratch.nets import conv_decoder
from nfscratch.nets.network import Network
from nfscratch.ops.convolution import back, convolve

register_array_type(StrictArray)


def rng(seed=0):
    return onp.random.default_rng(seed)


def moved(params, seed=1, scale=0.3):
    draws = rng(seed)
    return trees.map_leaves(lambda a: a + scale * draws.normal(size=a.shape), params)


# --- the transposed convolution ---

SETTINGS = [((4, 6), (3, 3), (2, 2)), ((5, 7), (3, 3), (2, 2)), ((1, 8), (1, 5), (1, 3)), ((3, 4), (1, 1), (1, 1))]


def small(size, steps):
    return tuple(-(-n // step) for n, step in zip(size, steps, strict=True))


@pytest.mark.parametrize(("size", "widths", "steps"), SETTINGS)
def test_it_is_the_transpose_of_the_convolution_in_steps(size, widths, steps):
    """<K h, g> = <h, K^T g> for every h and g."""
    K, h = rng(0).normal(size=(3, 2, *widths)), rng(1).normal(size=(2, *size, 4))
    g = rng(2).normal(size=(3, *small(size, steps), 4))
    close((convolve(K, h, steps) * g).sum(), (h * back(K, g, size, steps)).sum(), 1e-12)


@pytest.mark.parametrize(("size", "widths", "steps"), SETTINGS)
def test_it_may_be_differentiated_twice(size, widths, steps):
    """It is linear in K and in g: both second derivatives of its square are known products."""
    K, g = rng(0).normal(size=(3, 2, *widths)), rng(2).normal(size=(3, *small(size, steps), 4))
    v = rng(3).normal(size=g.shape)
    square = autograd.grad(lambda g: 0.5 * autograd.numpy.sum(back(K, g, size, steps) ** 2))
    close(square(g), convolve(K, back(K, g, size, steps), steps), 1e-11)
    product = autograd.make_jvp(square)(g)(v)[1]
    close(product, convolve(K, back(K, v, size, steps), steps), 1e-11)


# --- the network ---


def network(shape=(2, 5, 6), activation="tanh", context_dim=0):
    net = nf.ConvDecoder(shape, (4, 3), (5,), activation)
    n_out = int(onp.prod(shape))
    params = moved(net.init(rng(), 3, n_out, context_dim))
    return net, params, rng(2).normal(size=(6, 3)), rng(3).normal(size=(6, context_dim)) if context_dim else None


@pytest.mark.parametrize("activation", ["relu", "gelu"])
@pytest.mark.parametrize("context_dim", [0, 2])
def test_the_pullback_is_that_of_autograd(activation, context_dim):
    net, params, x, context = network(activation=activation, context_dim=context_dim)
    out, pullback = net.apply_vjp(params, x, context)
    expected, traced = Network.apply_vjp(net, params, x, context)
    close(out, expected, 1e-13)
    for mine, theirs in zip(pullback(out), traced(out), strict=True):
        assert (mine is None) == (theirs is None)
        if mine is not None:
            close_trees(mine, theirs, 1e-11)


def test_strict_arrays_and_float32():
    net, *given = network(context_dim=2)
    given = trees.map_leaves(lambda a: a.astype("float32"), given)
    (here, back), (there, back_there) = net.apply_vjp(*given), net.apply_vjp(*trees.map_leaves(StrictArray, given))
    mine, theirs = [here, *back(here)], [there, *back_there(there)]
    assert {leaf.dtype for leaf in trees.leaves(mine)} == {onp.dtype("float32")}
    close_trees(trees.map_leaves(backend.to_numpy, theirs), mine, 0.0)


def test_a_fresh_network_is_zero_and_the_image_grows():
    net = nf.ConvDecoder((1, 5, 8), (6, 4))
    params = net.init(rng(), 7, 40)
    assert [layer["W"].shape for layer in params["convolutions"]] == [(6, 4, 3, 3), (4, 1, 3, 3)]
    assert params["dense"][-1]["W"].shape == (6 * 2 * 2, 64)  # 2 x 2 pixels, 3 x 4, 5 x 8
    assert not net.apply(params, rng().normal(size=(4, 7))).any()
    assert net.n_in(params) == 7


def test_units_keep_their_size_from_layer_to_layer():
    net = nf.ConvDecoder((8, 32, 32), (64, 32, 16), (64, 64))
    out = net.apply(net.init_features(rng(), 64, 8 * 32 * 32), rng(1).normal(size=(50, 64)))
    assert 0.5 < onp.square(out).mean() ** 0.5 / 2**0.5 < 2.0  # (the input is no output of a relu: 2 for its variance)


def test_values_are_taken_some_rows_at_a_time(monkeypatch):
    net, params, x, context = network(context_dim=2)
    expected, rows = net.apply(params, x, context), []
    inner = nf.ConvDecoder.apply_vjp
    monkeypatch.setattr(nf.ConvDecoder, "apply_vjp", lambda *args: rows.append(len(args[2])) or inner(*args))
    monkeypatch.setattr(conv_decoder, "AT_ONCE", 4 * 2 * 9 * 9)  # four rows: 2 channels, 9 offsets, 3 x 3 pixels
    close(net.apply_value(params, x, context), expected, 1e-13)
    assert rows == [4, 2]
    assert net.apply_value(params, x[:0], context[:0]).shape == (0, 60)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"shape": 8}, r"ConvDecoder takes a shape .*; got 8"),
        ({"shape": (1, 4, 4), "channels": ()}, "ConvDecoder needs the channels of at least one image; got none"),
        ({"shape": (1, 4, 4), "kernels": 2}, "kernels must be an odd number, or 2 of them, one a layer; got 2"),
        ({"shape": (1, 4, 4), "step": 0}, "step must be an integer of at least 1; got 0"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    refused(ValueError, message, nf.ConvDecoder, **arguments)


def test_another_number_of_outputs_is_refused():
    message = r"ConvDecoder makes the 16 numbers of shape \(1, 4, 4\); got n_out 15"
    refused(ValueError, message, nf.ConvDecoder((1, 4, 4)).init, rng(), 2, 15)


def test_an_autoencoder_of_convolutions_is_trained_and_read_back_from_a_file(tmp_path):
    x = (rng(0).uniform(size=(60, 16)) < 0.5).astype(float)
    nets = nf.ConvFeatures((1, 4, 4), (3,), (8,)), nf.ConvDecoder((1, 4, 4), (3,), (8,))
    vae = nf.models.VAE(*nets, nf.flows.posterior(2, 4, "normal"))
    result = nf.fit_vae(vae, x, rng=0, steps=4, progress=False, checkpoint=tmp_path / "vae.run")
    again = nf.fit_vae(vae, x, rng=0, steps=4, progress=False, checkpoint=tmp_path / "vae.run")
    close_trees(again.params, result.params, 0.0)


def test_parameters_of_fewer_layers_than_it_has_are_refused():
    decoder = nf.ConvDecoder((1, 8, 8), hidden=(3, 2))
    params = moved(decoder.init(rng(), 2, 64))
    params["convolutions"].pop()
    for method in (decoder.apply, decoder.apply_vjp, decoder.apply_value):
        with pytest.raises(ValueError, match="longer than"):
            method(params, rng(1).normal(size=(3, 2)))
