"""Layers of images: networks that see what is kept as an image, and what each layer claims beyond the laws."""

import numpy as onp
import pytest
from comparing import close, close_trees

import nfscratch as nf
from nfscratch import check, trees
from nfscratch.nets.network import Network

RNG = onp.random.default_rng


def wild(part, *sizes, seed=1):
    rng = RNG(seed)
    return trees.map_leaves(lambda p: p + 0.5 * rng.normal(size=p.shape), part.init(rng, *sizes))


# --- couplings whose networks see images ---


class Seen(nf.ConvNet):
    """It remembers its input."""

    def apply(self, params, x, context=None):
        vars(self)["input"] = x
        return super().apply(params, x, context)


def test_a_network_sees_the_kept_channels_or_the_image_without_the_changed_pixels():
    z = RNG(0).normal(size=(3, 4, 2, 3))
    for mask, expected in (
        (nf.channel_mask(z.shape[1:]), z[:, :2]),
        (nf.channel_mask(z.shape[1:], flip=True), z[:, 2:]),
        (nf.checkerboard_mask(z.shape[1:]), z * (onp.indices((2, 3)).sum(axis=0) % 2)),
    ):
        coupling = nf.Coupling(nf.Affine(), mask, Seen((2,)))
        coupling.forward(coupling.init(RNG(0)), z)
        close(vars(coupling.conditioner)["input"], expected, 0.0)


def test_parameters_stand_where_their_variable_is():
    """A network of one 1x1 convolution whose shift t is 10 times the channel's number, at every pixel."""
    for mask in (nf.checkerboard_mask((3, 2, 2)), nf.channel_mask((3, 2, 2))):
        coupling, kept = nf.Coupling(nf.Shift(), mask, nf.ConvNet((), kernels=1)), onp.array(mask)
        params = coupling.init(RNG(0))
        channels = onp.flatnonzero(~kept.all(axis=(1, 2)))
        params[0]["b"] += 10.0 * channels
        x, _ = coupling.forward(params, onp.zeros((2, 3, 2, 2)))
        close(x[0], onp.where(kept, 0.0, 10.0 * onp.arange(3)[:, None, None]), 0.0)


def test_a_network_of_images_needs_a_mask_of_an_image():
    with pytest.raises(ValueError, match=r"mask must have the shape \(C, H, W\) of an image, because ConvNet sees im"):
        nf.Coupling(nf.Affine(), nf.half_mask(4), nf.ConvNet())


# --- the residual network ---


@pytest.mark.parametrize("context_dim", [0, 2])
@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu"])
def test_the_pullback_of_a_residual_network_is_that_of_autograd(activation, context_dim):
    net, rng = nf.ResidualConvNet(4, 2, activation), RNG(3)
    params, x = wild(net, 2, 3, context_dim), rng.normal(size=(5, 2, 3, 4))
    context = rng.normal(size=(5, context_dim)) if context_dim else None
    out, pullback = net.apply_vjp(params, x, context)
    theirs, traced = Network.apply_vjp(net, params, x, context)
    close(out, theirs, 1e-12)
    g = rng.normal(size=out.shape)
    for mine, other in zip(pullback(g), traced(g), strict=True):
        assert (mine is None) == (other is None)
        if mine is not None:
            close_trees(mine, other, 1e-11)
    numeric = check.finite_difference_jacobian(lambda a: net.apply(params, a, context), x[:2] if context is None else x)
    close(net.jacobian(params, x, context)[: len(numeric)], numeric, 1e-6 if activation != "relu" else 1e-5)


def test_a_fresh_residual_network_is_zero_and_its_blocks_are_not():
    net = nf.ResidualConvNet(8, 3)
    params = net.init(RNG(0), 3, 6)
    assert not net.apply(params, onp.ones((2, 3, 5, 7))).any() and net.n_in(params) == 3
    assert all(layer["W"].any() for block in params["blocks"] for layer in block)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hidden": 0}, "hidden must be an integer of at least 1; got 0"),
        ({"blocks": 1.5}, "blocks must be an integer of at least 1; got 1.5"),
        ({"kernels": (3, 2, 1, 1)}, "kernels must be an odd number, or 4 of them"),
        ({"activation": "cube"}, "activation must be one of"),
    ],
)
def test_a_bad_residual_network_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        nf.ResidualConvNet(**options)


class Blind(nf.ConvNet):
    """It never looks at the last channel that is kept."""

    def apply(self, params, x, context=None):
        return super().apply(params, onp.asarray(x)[:, :-1], context)

    def init(self, rng, n_in, n_out, context_dim=0):
        return super().init(rng, n_in - 1, n_out, context_dim)


def test_the_audit_lets_a_convolution_see_its_neighbourhood_and_finds_a_channel_that_it_never_sees():
    shape = (4, 3, 3)
    options = {"letters": "T", "show": False, "rng": RNG(0), "draws": 1}
    nf.check.audit(
        nf.Coupling(nf.Affine(), nf.channel_mask(shape), nf.ConvNet((3,), "tanh")), **options
    ).raise_if_failed()
    report = nf.check.audit(nf.Coupling(nf.Affine(), nf.channel_mask(shape), Blind((3,), "tanh")), **options)
    assert not report.ok and "which is kept" in report.failures[0].message
