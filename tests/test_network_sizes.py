"""Sizes inside of networks, by hand: degrees of masked units, images in steps, rows at a time, bounds of weights."""

import numpy as onp
import pytest
from comparing import close

import nfscratch as nf
from nfscratch.nets import conv, conv_decoder, conv_features, made, mlp
from nfscratch.ops.one_pass import Schedule, block_widths
from nfscratch.ops.spectral import norm


def rng(seed=0):
    return onp.random.default_rng(seed)


# --- masked networks ---


@pytest.mark.parametrize(
    ("width", "dim", "context", "degrees"),
    [
        (3, 4, 0, [1, 2, 3]),
        (6, 4, 0, [1, 1, 2, 2, 3, 3]),
        (5, 4, 0, [1, 1, 2, 2, 3]),
        (2, 4, 0, [1, 3]),  # both ends are kept
        (3, 9, 0, [1, 4, 8]),
        (1, 9, 0, [1]),
        (4, 4, 2, [0, 1, 2, 3]),
        (2, 4, 2, [0, 3]),
        (3, 1, 0, [0, 0, 0]),
    ],
)
def test_degrees_are_spread_over_the_variables(width, dim, context, degrees):
    assert made.hidden_degrees(width, dim, context).tolist() == degrees


def test_weights_of_a_masked_network_by_what_a_unit_sees():
    params = nf.MADE((2000,), "tanh", 0.5).init(rng(), 4, 8, 3)
    W = params[0]["W"]
    assert W.shape == (2000, 7) and not params[-1]["W"].any() and params[-1]["W"].shape == (8, 2000)
    for first, reach in ((0, 3), (500, 4), (1000, 5), (1500, 6)):
        block = W[first : first + 500]
        assert not block[:, reach:].any()
        close(block[:, :reach].std(), 0.5 / reach**0.5, 0.02)
    for sizes in ((4, 7), (0, 4)):
        with pytest.raises(ValueError, match=f"got {sizes[1]} outputs for {sizes[0]} variables"):
            nf.MADE((2,)).init(rng(), *sizes)
    assert nf.MADE((2,)).n_in(params) == 7


def test_blocks_in_blocks_down_to_single_steps():
    assert [block_widths(dim) for dim in (1, 2, 8, 9, 32, 33, 256)] == [
        *[(1,)] * 3, (8, 1), (8, 1), (32, 8, 1), (32, 8, 1)
    ]  # fmt: skip
    assert [block_widths(dim) for dim in (257, 784)] == [(256, 64, 16, 1)] * 2
    schedule = Schedule([onp.array([1, 2]), onp.arange(3)], 3, 1, widths=(2, 1))
    assert list(schedule.forward()) == [((0, 2), 0), ((0, 1), 0), ((1, 2), 0), ((2, 3), 0)]
    assert list(schedule.backward()) == [((2, 3), 3), ((0, 2), 3), ((1, 2), 2), ((0, 1), 2)]
    assert schedule.start == [[0, 0, 1, 2], [0, 1, 2, 3]] and schedule.usable == [[1, 2, 3, 4], [0, 1, 2, 2]]
    assert schedule.known == [[1, 2, 3, 4], [0, 0, 1, 2]]


# --- images ---


def test_images_in_steps():
    network = nf.ConvFeatures((2, 5, 8), (3, 4, 6), (7,), step=2)
    assert network._sizes == [(5, 8), (3, 4), (2, 2), (1, 1)] and network._steps == (2, 2)
    series = nf.ConvFeatures((2, 9), (3, 4), step=3)
    assert series._sizes == [(1, 9), (1, 3), (1, 1)] and series._offsets(5) == (1, 5) and network._offsets(5) == (5, 5)
    assert nf.ConvFeatures(9).shape == (1, 9) and nf.ConvFeatures((2, 9)).n_in(None) == 18
    params = network.init(rng(), 80, 5, 3)
    assert [p["W"].shape for p in params["dense"]] == [(7, 6 + 3), (5, 7)] and not params["dense"][-1]["W"].any()
    with pytest.raises(ValueError, match=r"rows must have the 80 numbers of shape \(2, 5, 8\); got 81"):
        network.init(rng(), 81, 5)
    decoder = nf.ConvDecoder((2, 5, 8), (3, 4), (7,))
    assert decoder._sizes == [(2, 2), (3, 4), (5, 8)] and decoder._first == (3, 2, 2)
    params = decoder.init(rng(), 4, 80, 3)
    assert decoder.n_in(params) == 7 and not params["convolutions"][-1]["W"].any()
    with pytest.raises(ValueError, match=r"ConvDecoder makes the 80 numbers of shape \(2, 5, 8\); got n_out 4"):
        decoder.init(rng(), 80, 4)
    with pytest.raises(ValueError, match="the channels of at least one image; got none"):
        nf.ConvDecoder((2, 5, 8), ())


def test_rows_pass_convolutions_some_at_a_time(monkeypatch):
    x, y = rng().normal(size=(7, 16)), rng(1).normal(size=(7, 2))
    network, seen = nf.ConvFeatures((1, 4, 4), (3, 5), (6,)), []
    params = network.init_features(rng(), 16, 3)
    params["dense"] = nf.MLP((6,)).init_features(rng(), 5 + 2, 3)
    whole = network.apply_value(params, x, y)
    monkeypatch.setattr(nf.ConvFeatures, "apply_vjp", spied(nf.ConvFeatures.apply_vjp, seen))
    for at_once, pieces in ((16 * 7, [7]), (16 * 7 - 1, [6, 1]), (16 * 3, [3, 3, 1]), (3, [1] * 7)):  # 16 numbers a row
        monkeypatch.setattr(conv_features, "AT_ONCE", at_once)
        seen.clear()
        close(network.apply_value(params, x, y), whole, 1e-14)
        assert seen == pieces
    assert network.apply_value(params, x[:0], y[:0]).shape == (0, 3)


def test_images_are_made_some_at_a_time(monkeypatch):
    decoder, seen, z = nf.ConvDecoder((1, 4, 4), (3, 2), (5,)), [], rng().normal(size=(7, 3))
    params = decoder.init_features(rng(), 3, 16)
    whole = decoder.apply_value(params, z)
    monkeypatch.setattr(nf.ConvDecoder, "apply_vjp", spied(nf.ConvDecoder.apply_vjp, seen))
    counts = []
    for at_once in (2**22, 2**9, 2**7, 1):
        monkeypatch.setattr(conv_decoder, "AT_ONCE", at_once)
        seen.clear()
        close(decoder.apply_value(params, z), whole, 1e-14)
        assert sum(seen) == 7
        counts.append(len(seen))
    assert counts[0] == 1 and counts[-1] == 7 and counts == sorted(counts)


def spied(method, seen):
    def spy(self, params, x, *rest):
        seen.append(len(x))
        return method(self, params, x, *rest)

    return spy


# --- bounded weights ---


def test_each_of_the_layers_takes_its_share_of_the_bound():
    network = nf.LipschitzMLP((4, 5), 0.8, tolerance=0.25)
    params = network.init(rng(), 3, 3, 2)
    close(network._constant(params), 0.8 ** (1 / 3) / 1.25, 1e-15)
    assert network.n_in(params) == 5 and [sorted(p) for p in params] == [
        ["C", "W", "b", "fixed"],
        *[["W", "b", "fixed"]] * 2,
    ]
    for p in params:
        close([norm(p["fixed"]["u"]), norm(p["fixed"]["v"])], [1.0, 1.0], 1e-14)
        assert (p["fixed"]["u"].shape, p["fixed"]["v"].shape) == ((len(p["W"]),), (p["W"].shape[1],))
    fine = nf.LipschitzMLP((4, 5), 0.8, gain=5.0, tolerance=1e-9)
    params = fine.init(rng(), 3, 3, 2)
    params[-1]["W"] = 9.0 * rng(1).normal(size=params[-1]["W"].shape)
    params = fine.update(params)
    norms = [
        onp.linalg.norm(layer["W"][:, : p["W"].shape[1]], 2)
        for p, layer in zip(params, fine.layers(params), strict=True)
    ]
    close(norms, [0.8 ** (1 / 3)] * 3, 1e-6)
    close(fine.lipschitz_bound(params), 0.8, 1e-6)
    assert (fine.layers(params)[0]["W"][:, 3:] == params[0]["C"]).all()


def test_fresh_weights_have_the_variance_over_what_a_unit_sees():
    layers = {
        "a convolution": (lambda r: conv.conv_layer(r, 3, 2, 5, 0.7), (2, 3, 5, 5), 3 * 25),
        "one in steps": (lambda r: conv_features._kernel(r, 3, 2, (1, 5), 0.7), (2, 3, 1, 5), 3 * 5),
        "its transpose": (lambda r: conv_decoder._kernel(r, 3, 2, 5, 0.7), (3, 2, 5, 5), 3 * 25),
        "a dense one": (lambda r: mlp._dense_layer(r, 3, 2, 0.7), (2, 3), 3),
    }
    for name, (drawn, shape, seen) in layers.items():
        layer = drawn(rng())
        close(layer["W"], rng().normal(size=shape) * (0.7 / seen) ** 0.5, 1e-15)
        assert (layer["b"] == onp.zeros(2)).all(), name


def test_fresh_networks_of_images_have_the_variance_that_keeps_the_size_of_their_units():
    """relu: 2 over what a unit sees; a pixel of an image twice as high and wide sees a quarter; two blocks add up."""
    draw = rng()
    decoder = nf.ConvDecoder((2, 4, 4), (3, 5), (7,)).init_features(rng(), 3, 32)
    for layer, shape in zip(decoder["convolutions"], ((3, 5, 3, 3), (5, 2, 3, 3)), strict=True):
        close(layer["W"], draw.normal(size=shape) * (2.0 * 4 / (shape[0] * 9)) ** 0.5, 1e-15)
    draw = rng()
    residual = nf.ResidualConvNet(4, 2, gain=3.0).init(rng(), 2, 6)
    close(residual["first"]["W"], draw.normal(size=(4, 2, 3, 3)) * (18.0 / 18) ** 0.5, 1e-14)
    for one, two in residual["blocks"]:
        close(one["W"], draw.normal(size=(4, 4, 3, 3)) * (18.0 / 36) ** 0.5, 1e-14)
        close(two["W"], draw.normal(size=(4, 4, 1, 1)) * (9.0 / 4) ** 0.5, 1e-14)
    assert residual["last"]["W"].shape == (6, 4, 1, 1) and not residual["last"]["W"].any()
    assert nf.ResidualConvNet(4, 2).n_in(residual) == 2
