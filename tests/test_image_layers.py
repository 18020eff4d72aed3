"""Layers of images: networks that see what is kept as an image, and what each layer claims beyond the laws."""

import numpy as onp
import pytest
from comparing import close, close_trees

import nfscratch as nf
from nfscratch import check, trees
from nfscratch.bijections.views import view_of
from nfscratch.nets.network import Network
from nfscratch.ops.wavefront import fronts_of

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


# --- squeeze ---


def test_a_squeeze_by_hand():
    x = onp.arange(1.0, 17.0).reshape(1, 1, 4, 4)
    z, log_det = nf.Squeeze((1, 4, 4)).inverse({}, x)
    assert z[0].tolist() == [[[1, 3], [9, 11]], [[2, 4], [10, 12]], [[5, 7], [13, 15]], [[6, 8], [14, 16]]]
    assert log_det.tolist() == [0.0]


@pytest.mark.parametrize(("shape", "factor"), [((3, 4, 6), 2), ((2, 3, 6), 3), ((2, 3, 2), 1)])
def test_a_squeeze_is_its_formula(shape, factor):
    x, f = RNG(0).normal(size=(2, *shape)), factor
    squeeze = nf.Squeeze(shape, f)
    z, _ = squeeze.inverse({}, x)
    assert z.shape[1:] == squeeze.in_shape == (shape[0] * f * f, shape[1] // f, shape[2] // f)
    for c, i, j, h, w in onp.ndindex(shape[0], f, f, shape[1] // f, shape[2] // f):
        close(z[:, f * f * c + f * i + j, h, w], x[:, c, f * h + i, f * w + j], 0.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((1, 7, 8),), "Squeeze needs a height and a width that 2 divides; got 7 x 8"),
        (((1, 6, 8), 4), "Squeeze needs a height and a width that 4 divides; got 6 x 8"),
        (((8, 8),), r"Squeeze takes a shape .*; got \(8, 8\)"),
        (((1, 8, 8), 0), "factor must be an integer of at least 1; got 0"),
    ],
)
def test_a_squeeze_that_does_not_divide_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        nf.Squeeze(*arguments)


def test_a_squeezed_image_is_refused_where_the_image_is_asked_for():
    squeeze = nf.Squeeze((1, 4, 4))
    with pytest.raises(ValueError, match=r"Squeeze takes arrays of shape \(N, 1, 4, 4\); got \(2, 4, 2, 2\)"):
        squeeze.inverse({}, onp.zeros((2, 4, 2, 2)))


# --- multi-scale ---


def three_levels():
    """16 numbers: 8 leave at the level next to the data, 4 at the next one, and 4 go through all."""
    levels = [
        nf.ActNorm((4, 1, 1)),
        nf.Chain([nf.ActNorm((8, 1, 1)), nf.Squeeze((2, 2, 2))]),
        nf.Chain([nf.ActNorm((4, 2, 2)), nf.Squeeze((1, 4, 4))]),
    ]
    return nf.MultiScale(levels)


def test_what_leaves_where():
    flow = three_levels()
    assert flow.shapes == ((4, 1, 1), (4, 1, 1), (2, 2, 2)) and flow.in_shape == (16,) and flow.out_shape == (1, 4, 4)
    x = onp.arange(1.0, 17.0).reshape(1, 1, 4, 4)
    z, log_det = flow.inverse(flow.init(RNG(0)), x)
    # The lower rows of each 2 x 2 block leave first; of the upper ones, the lower of their own blocks.
    assert z[0, 8:].tolist() == [5, 7, 13, 15, 6, 8, 14, 16]
    assert z[0, :8].tolist() == [1, 3, 9, 11, 2, 4, 10, 12] and log_det.tolist() == [0.0]


def test_its_log_det_counts_the_levels_that_a_number_passes():
    """Each ActNorm scales by e: the numbers that leave first are scaled once, the last ones three times."""
    flow = three_levels()
    params = trees.map_leaves(onp.ones_like, flow.init(RNG(0)))
    _, log_det = flow.forward(params, onp.zeros((2, 16)))
    close(log_det, onp.full(2, 16 + 8 + 4.0), 1e-12)


def test_one_level_is_that_level_on_flattened_noise():
    level, z = nf.ActNorm((2, 2, 3)), RNG(0).normal(size=(4, 12))
    params = wild(level)
    x, log_det, pullback = nf.MultiScale([level]).forward_vjp([params], z)
    expected, same, back = level.forward_vjp(params, z.reshape(4, 2, 2, 3))
    close(x, expected, 0.0)
    close(log_det, same, 0.0)
    (g_level,), g_z, _ = pullback(x, log_det)
    close_trees(g_level, back(x, log_det)[0], 0.0)
    close(g_z, back(x, log_det)[1].reshape(4, 12), 0.0)


def test_every_z_decides_the_image():
    flow, z = three_levels(), RNG(0).normal(size=(1, 16))
    params = wild(flow)
    x, _ = flow.forward(params, z)
    for i in range(16):
        moved = z + onp.eye(16)[i]
        assert (flow.forward(params, moved)[0] != x).any()


def test_a_level_next_to_the_data_starts_from_the_data_and_a_deeper_one_from_what_it_hands_on():
    flow = three_levels()
    x = RNG(0).normal(size=(500, 1, 4, 4)) * onp.arange(1, 17).reshape(4, 4) + 5.0
    z, _ = flow.inverse(flow.init(RNG(0), x), x)
    for part in onp.split(z, [4, 8], axis=1):
        close(part.mean(axis=0).mean(), 0.0, 1e-9)
        close(part.std(), 1.0, 1e-3)


@pytest.mark.parametrize(
    ("levels", "error", "message"),
    [
        ([], ValueError, "MultiScale needs at least one level; got none"),
        ([3], TypeError, "levels must be a Bijection, such as a Chain of layers of images; got 3"),
        (
            [nf.ActNorm((4, 2, 2)), nf.ActNorm((4, 2, 2))],
            ValueError,
            "level 1 must take the height and width of level 0 and more channels",
        ),
        ([nf.ActNorm((2, 2, 2)), nf.ActNorm((4, 4, 4))], ValueError, "level 1 must take the height and width of level"),
        ([nf.ActNorm(4), nf.ActNorm((4, 4, 4))], ValueError, r"level 0 gives \(4,\), level 1 takes \(4, 4, 4\)"),
    ],
)
def test_levels_that_do_not_fit_are_refused(levels, error, message):
    with pytest.raises(error, match=message):
        nf.MultiScale(levels)


def test_the_traits_of_a_multi_scale_flow_are_those_of_its_levels():
    bounded = nf.MultiScale([nf.ActNorm((1, 2, 2)), nf.Elementwise(nf.Sigmoid(), (2, 2, 2))])
    assert bounded.codomain == (0.0, 1.0) and bounded.domain == (-onp.inf, onp.inf)
    squeezed = nf.MultiScale([nf.Elementwise(nf.Sigmoid(), (1, 2, 2)), nf.ActNorm((2, 2, 2))])
    assert squeezed.codomain is None and squeezed.domain is None
    assert nf.MultiScale([nf.BatchNorm((1, 2, 2)), nf.ActNorm((2, 2, 2))]).updates


def test_levels_that_do_not_look_at_the_batch_are_updated_without_one():
    levels = [nf.Residual((c, 2, 2), nf.LipschitzConv((2,), kernels=3)) for c in (1, 2)]
    both = nf.MultiScale(levels)
    params = both.init(RNG(0))
    for own, level, before in zip(both.update(params, None), levels, params, strict=True):
        close_trees(own, level.update(before, None), 0.0)


# --- contexts that are images ---


@pytest.mark.parametrize(
    "net", [nf.ConvNet((3,), "tanh", context_channels=2), nf.ResidualConvNet(3, 1, "tanh", context_channels=2)]
)
def test_a_context_that_is_an_image_is_more_channels(net):
    rng = RNG(5)
    params, x, image = wild(net, 1, 2, 2 * 12), rng.normal(size=(4, 1, 3, 4)), rng.normal(size=(4, 2, 3, 4))
    context = image.reshape(4, 24)
    plain = type(net)(
        net.hidden, **{"activation": "tanh"} if isinstance(net, nf.ConvNet) else {"blocks": 1, "activation": "tanh"}
    )
    expected = plain.apply(params, onp.concatenate((x, image), axis=1))
    close(net.apply(params, x, context), expected, 1e-13)
    out, pullback = net.apply_vjp(params, x, context)
    g = rng.normal(size=out.shape)
    for mine, theirs in zip(pullback(g), Network.apply_vjp(net, params, x, context)[1](g), strict=True):
        close_trees(mine, theirs, 1e-12)


def test_channels_that_do_not_divide_the_context_are_refused():
    with pytest.raises(
        ValueError, match=r"context_channels must divide the context, .* of 3 channels .*; got 8 numbers"
    ):
        nf.ConvNet((3,), context_channels=3).init(RNG(0), 1, 2, 8)
    with pytest.raises(ValueError, match="context_channels must be an integer of at least 0; got -1"):
        nf.ResidualConvNet(3, context_channels=-1)


# --- pixel levels ---


def test_the_logit_is_its_formula_term_by_term():
    levels, x = nf.PixelLevels((1, 2, 3), 256, 0.05), RNG(0).uniform(0, 256, size=(4, 1, 2, 3))
    s = 0.05 + 0.9 * x / 256
    z, log_det = levels.inverse({}, x)
    close(z, onp.log(s / (1 - s)), 1e-13)
    terms = levels.terms(x)
    close(terms["1 / 256 of the pixel levels"], onp.full(4, -6 * onp.log(256)), 1e-13)
    close(terms["1 - 2 alpha of the logit"], onp.full(4, 6 * onp.log(0.9)), 1e-13)
    close(terms["s (1 - s) of the logit"], -onp.log(s * (1 - s)).sum(axis=(1, 2, 3)), 1e-12)
    close(sum(terms.values()), log_det, 1e-12)


def test_it_is_the_elementwise_sigmoid_with_a_pullback_of_its_own():
    levels = nf.PixelLevels(3, 256, 1e-6)
    sigmoid = nf.Elementwise(nf.Sigmoid(levels.low, levels.high), 3)
    theta, z = sigmoid.init(RNG(0)), RNG(1).normal(size=(5, 3)) * 4
    for mine, theirs in zip(levels.forward({}, z), sigmoid.forward(theta, z), strict=True):
        close(mine, theirs, 0.0)


@pytest.mark.parametrize("alpha", [1e-6, 0.05])
def test_float32_keeps_every_level_inside_and_finite(alpha):
    levels = nf.PixelLevels((1, 1, 256), 256, alpha)
    x = onp.arange(256, dtype="float32").reshape(1, 1, 1, 256)
    last = onp.nextafter(x + 1, onp.float32(0))
    for values in (x, last):
        z, log_det = levels.inverse({}, values)
        assert z.dtype == log_det.dtype == "float32" and onp.isfinite(z).all() and onp.isfinite(log_det).all()
        assert (onp.diff(z[0, 0, 0]) > 0).all()


def test_outside_of_its_range_the_density_is_0():
    levels = nf.PixelLevels(2, 16, 0.0)
    for x in ([0.0, 3.0], [5.0, 16.0], [-1.0, 3.0], [3.0, 20.0]):
        z, log_det, pullback = levels.inverse_vjp({}, onp.array([x]))
        assert log_det[0] == -onp.inf and onp.isfinite(z).all()
        assert onp.isfinite(pullback(onp.ones((1, 2)), onp.ones(1))[1]).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"alpha": 0.5}, "alpha must be a number from 0 up to, but less than, 0.5; got 0.5"),
        ({"alpha": -1e-6}, "alpha must be a number from 0"),
        ({"alpha": True}, "alpha must be a number from 0"),
        ({"values": 0}, "values must be an integer of at least 1; got 0"),
    ],
)
def test_bad_constants_of_the_logit_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        nf.PixelLevels((1, 2, 2), **options)


# --- masked and emerging convolutions ---


def by_definition(K, A, b, z, turned=False):
    """(1) of masked_conv.py, number by number."""
    _, H, W = z.shape
    r, sign = int((2 * K.shape[2] + 1) ** 0.5) // 2, -1 if turned else 1
    x = onp.zeros_like(z)
    for h, w in onp.ndindex(H, W):
        x[:, h, w] = A @ z[:, h, w] + b
        for n in range(K.shape[2]):
            i, j = h + sign * (n // (2 * r + 1) - r), w + sign * (n % (2 * r + 1) - r)
            if 0 <= i < H and 0 <= j < W:
                x[:, h, w] += K[:, :, n] @ z[:, i, j]
    return x


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    ("shape", "k"), [((2, 4, 3), 3), ((1, 3, 5), 5), ((3, 1, 4), 3), ((2, 3, 1), 3), ((2, 2, 2), 1)]
)
def test_a_masked_convolution_is_its_definition_and_back_substitution_undoes_it(shape, k, turned):
    layer, z = nf.MaskedConv(shape, k, turned=turned), RNG(0).normal(size=(3, *shape))
    params = wild(layer)
    A, b = layer.linear.matrix(params["centre"]), params["centre"]["shift"]
    x, log_det = layer.forward(params, z)
    close(x, onp.stack([by_definition(params["before"], A, b, image, turned) for image in z]), 1e-12)
    close(log_det, onp.full(3, shape[1] * shape[2] * onp.linalg.slogdet(A)[1]), 1e-12)
    back, opposite = layer.inverse_value(params, x)
    close(back, z, 1e-9)
    close(back, layer.inverse(params, x)[0], 1e-9)  # the linear equation with the whole matrix
    close(opposite, -log_det, 1e-12)


def test_the_fronts_are_as_many_as_stated_and_each_pixel_is_in_one():
    for H, W, k in ((8, 8, 3), (28, 28, 3), (5, 7, 5), (1, 4, 3), (4, 1, 3)):
        fronts, r = fronts_of(H, W, k), k // 2
        assert len(fronts) <= (r + 1) * (H - 1) + W
        assert sorted(onp.concatenate([pixels.host for pixels, _, _ in fronts])) == list(range(H * W))
    assert len(fronts_of(8, 8, 3)) == 22 and len(fronts_of(28, 28, 3)) == 82


def test_an_emerging_convolution_sees_its_whole_neighbourhood_and_can_be_undone():
    layer, z = nf.EmergingConv((1, 5, 5)), RNG(0).normal(size=(1, 1, 5, 5))
    params = wild(layer)
    x, log_det = layer.forward(params, z)
    close(layer.inverse_value(params, x)[0], z, 1e-8)
    close(log_det, onp.linalg.slogdet(layer.jacobian(params, z))[1], 1e-10)
    sees = onp.abs(layer.jacobian(params, z)[0, 12]).reshape(5, 5) > 1e-12  # of the pixel in the middle
    assert sees[1:4, 1:4].all()


def test_a_channel_leaves_no_rounding_in_those_that_do_not_see_it():
    """A is triangular, and so is A^-1 on every road: its zeros are zeros, times 1e8 too."""
    layer = nf.MaskedConv((3, 2, 1))
    for seed in range(5):
        params, x = check.random_params(layer, RNG(seed), 1.0), onp.zeros((1, 3, 2, 1))
        x[0, 2, 1, 0] = 1e8
        z, near = layer.inverse_vjp(params, x)[0], layer.inverse_vjp(params, 0.0 * x)[0]
        assert z[0, 2, 1, 0] != near[0, 2, 1, 0]
        z[0, 2, 1, 0] = near[0, 2, 1, 0]
        close(z, near, 0.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((2, 4),), r"MaskedConv takes a shape .*; got \(2, 4\)"),
        (((2, 4, 4), 2), "kernel must be an odd number; got 2"),
        (((2, 4, 4), 3, nf.PLU(3)), "linear must map 2 channels; got one of shape"),
        (((2, 4, 4), 3, None, 1.5), "turned must be one of True, False; got 1.5"),
    ],
)
def test_a_bad_masked_convolution_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        nf.MaskedConv(*arguments)


def test_a_flow_of_images_tells_how_channels_get_to_the_front():
    flow = nf.Flow(nf.StandardNormal((1, 2, 3)), nf.ActNorm((1, 2, 3)))
    params = flow.init(RNG(0))
    with pytest.raises(ValueError, match=r"got \(5, 2, 3\); for one channel pass x\[:, None\]"):
        flow.log_prob(params, onp.zeros((5, 2, 3)))
    with pytest.raises(ValueError, match=r"got \(5, 2, 3, 1\); channels come first, numpy.moveaxis\(x, -1, 1\)"):
        flow.log_prob(params, onp.zeros((5, 2, 3, 1)))


@pytest.mark.parametrize("flip", [False, True])
def test_a_network_sees_an_odd_image_with_zeros_for_the_pixels_that_change(flip):
    """Of 3 by 3 pixels 4 or 5 are kept: the two parts are of different sizes."""
    mask = onp.array(nf.checkerboard_mask((2, 3, 3), flip))
    view, z = view_of(nf.ConvNet((2,)), mask, 3), RNG(0).normal(size=(5, 2, 3, 3))
    kept, at_all = z[:, mask].T, RNG(1).normal(size=(5, view.n_out, 3, 3))
    assert (view.seen(kept) == z * mask).all() and (view.kept_of(z) == kept).all()
    theta = at_all.reshape(5, 3, 2, 3, 3)[:, :, ~mask].transpose(0, 2, 1)
    assert (view.theta(at_all) == theta).all()
    assert (view.out_of(theta) == at_all * onp.tile(~mask, (3, 1, 1))).all()


def test_an_emerging_convolution_is_undone_by_its_plain_inverse_too():
    layer, z = nf.EmergingConv((2, 3, 3)), RNG(0).normal(size=(2, 2, 3, 3))
    params = wild(layer)
    x, log_det = layer.forward(params, z)
    for found, expected in zip(layer.inverse(params, x), (z, -log_det), strict=True):
        close(found, expected, 1e-8)


def test_a_reshape_has_the_identity_for_its_jacobian():
    z = RNG(0).normal(size=(4, 2, 3))
    assert (nf.Reshape((2, 3), (3, 1, 2)).jacobian({}, z) == onp.stack([onp.eye(6)] * 4)).all()
