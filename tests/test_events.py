"""Events of any shape: the layers that take vectors (D,) take images (C, H, W) too."""

import numpy as onp
import pytest
from cases.case import Case
from comparing import close, close_trees
from laws import LAWS
from pullbacks import pullback_of

import nfscratch as nf
from nfscratch import check, trees
from nfscratch.bijections.contract import Bijection
from nfscratch.checkpoint.description import describe
from nfscratch.checkpoint.rebuilding import build
from nfscratch.distributions.distribution import Distribution
from nfscratch.ops.events import batch_first, batch_last, flat, laid_out, unflat

SHAPES = [(3, 2, 4), (1, 1, 5), (2, 3, 3)]
every_shape = pytest.mark.parametrize("shape", SHAPES, ids=str)


def rng(seed=0):
    return onp.random.default_rng(seed)


def irregular_mask(shape):
    """No two channels or pixels are alike, and at least one variable of each kind."""
    order = rng(sum(shape)).permutation(onp.prod(shape))
    return (order < len(order) // 3).reshape(shape)


def coupling(transformer, mask, context_dim=0):
    return nf.Coupling(transformer, mask, nf.MLP((8,), "tanh"), context_dim)


def chain(shape):
    return nf.Chain(
        [
            nf.ActNorm(shape),
            coupling(nf.Affine(1.0), nf.checkerboard_mask(shape)),
            nf.Permutation.random(shape, seed=2),
            coupling(nf.Affine(1.0), nf.channel_mask(shape, flip=True)),
            nf.Standardize(shape),
        ]
    )


LAYERS = {
    "permutation": lambda shape: nf.Permutation.random(shape, seed=1),
    "reverse": nf.Reverse,
    "actnorm": nf.ActNorm,
    "batchnorm": nf.BatchNorm,
    "standardize": nf.Standardize,
    "elementwise affine": lambda shape: nf.Elementwise(nf.Affine(1.0), shape),
    "elementwise volume preserving": lambda shape: nf.Elementwise(nf.VolumePreserving(1.0), shape),
    "coupling, checkerboard": lambda shape: coupling(nf.Affine(1.0), nf.checkerboard_mask(shape)),
    "coupling, channels": lambda shape: coupling(nf.Affine(1.0), nf.channel_mask(shape, flip=True)),
    "coupling, irregular, context": lambda shape: coupling(nf.Affine(1.0), irregular_mask(shape), 3),
    "coupling, spline": lambda shape: coupling(
        nf.RationalQuadraticSpline(4, minimum=0.1), nf.checkerboard_mask(shape, flip=True)
    ),
    "chain": chain,
}
every_layer = pytest.mark.parametrize("name", LAYERS)
TAKE_A_SHAPE = [nf.ActNorm, nf.BatchNorm, nf.Standardize, nf.Reverse, lambda shape: nf.Elementwise(nf.Shift(), shape)]


def case_of(name, shape):
    return Case(f"{name} {shape}", lambda _: LAYERS[name](shape), tolerance=1e-11)


# --- laws ---


@every_layer
@pytest.mark.parametrize("shape", [*SHAPES[:2], pytest.param(SHAPES[2], marks=pytest.mark.exhaustive)], ids=str)
def test_the_laws_hold_for_images(name, shape):
    case = case_of(name, shape)
    for law in LAWS.values():
        law.check(case, dims=(0,))


@pytest.mark.parametrize("name", [name for name in LAYERS if name != "chain"])
def test_an_image_of_one_pixel_is_a_vector_bit_for_bit(name):
    bijection, params, z, context = case_of(name, (6, 1, 1)).example(0)
    vector = as_vector_layer(name, bijection)
    same = trees.map_leaves(lambda leaf: leaf[:, 0, 0] if leaf.ndim == 4 else leaf, params)  # theta (D, 1, 1, P)
    for direction in ("forward", "inverse", "forward_value", "inverse_value"):
        image, log_det = getattr(bijection, direction)(params, z, context)
        x, expected = getattr(vector, direction)(same, z[:, :, 0, 0], context)
        assert (image[:, :, 0, 0] == x).all() and (log_det == expected).all()


def as_vector_layer(name, layer):
    if isinstance(layer, nf.Coupling):
        return nf.Coupling(layer.transformer, onp.ravel(layer.mask), layer.conditioner, layer.context_dim)
    return LAYERS[name](6)


@every_layer
def test_what_comes_out_has_the_batch_last_in_memory(name):
    bijection, params, z, context = case_of(name, (3, 2, 4)).example(0)
    for direction in ("forward", "inverse"):
        x, log_det, pullback = getattr(bijection, direction + "_vjp")(params, laid_out(z), context)
        value, _ = getattr(bijection, direction + "_value")(params, laid_out(z), context)
        for array in (x, value, pullback(x, log_det)[1]):
            assert batch_last(array).flags.c_contiguous


def test_images_are_laid_out_batch_last_where_they_enter():
    """Without a copy, an event is then a vector and the other way round."""
    for image in (
        nf.validate.events("x", rng().normal(size=(5, 3, 2, 4)), (3, 2, 4), onp.zeros(0)),
        nf.StandardNormal((3, 2, 4)).sample({}, rng(), 5),
    ):
        assert batch_last(image).flags.c_contiguous
        assert onp.shares_memory(flat(image), image) and onp.shares_memory(unflat(flat(image), (3, 2, 4)), image)
        assert onp.shares_memory(laid_out(image), image)
        assert (flat(image).T == image.reshape(5, 24)).all()
        assert (unflat(flat(image), (3, 2, 4)) == image).all() and (batch_first(batch_last(image)) == image).all()


@pytest.mark.parametrize("shape", [(6,), (2, 3), (1, 2, 3)])
def test_an_event_of_any_number_of_axes_is_the_vector_of_its_numbers_and_comes_back(shape):
    z = onp.arange(24.0).reshape(4, *shape)
    assert (flat(z).T == onp.arange(24.0).reshape(4, 6)).all()
    assert (unflat(flat(z), shape) == z).all() and batch_last(z).shape == (*shape, 4)
    assert (batch_first(batch_last(z)) == z).all() and (laid_out(z) == z).all()


# --- shapes ---


@pytest.mark.parametrize("make", TAKE_A_SHAPE)
def test_a_layer_refuses_events_of_another_shape(make):
    for shape, wrong in (((3,), (3, 2, 3)), ((3, 2, 4), (3, 4, 2)), ((3, 2, 4), (24,)), ((3,), (1,)), ((3,), ())):
        layer = make(shape)
        params, a = layer.init(rng()), onp.zeros((2, *wrong))
        takes = rf"takes arrays of shape \(N, {', '.join(map(str, shape))}\); got \(2"
        for method in (layer.forward, layer.inverse, layer.forward_vjp, layer.inverse_vjp, layer.forward_value):
            with pytest.raises(ValueError, match=f"{type(layer).__name__} {takes}"):
                method(params, a)


def test_a_coupling_refuses_events_of_another_shape():
    layer = nf.Coupling(nf.Shift(), nf.channel_mask((2, 3, 4)))
    message = r"Coupling takes arrays of shape \(N, 2, 3, 4\), as its mask has; got \(\d+, 2, 4, 3\)"
    with pytest.raises(ValueError, match=message):
        layer.forward(layer.init(rng()), onp.zeros((5, 2, 4, 3)))


@pytest.mark.parametrize("make", TAKE_A_SHAPE)
@pytest.mark.parametrize("wrong", [0, (), (3, 0, 2), (2.0,), "3", None, True, ((1, 2),), onp.array(3)])
def test_a_shape_that_is_none_is_refused(make, wrong):
    with pytest.raises(ValueError, match=r"takes a shape D, \(D,\) or \(C, H, W\); got"):
        make(wrong)


@pytest.mark.parametrize("make", TAKE_A_SHAPE)
def test_one_size_and_a_tuple_of_one_are_the_same_shape(make):
    assert make(5).in_shape == make((5,)).in_shape == make(onp.int64(5)).in_shape == make([5]).in_shape == (5,)
    assert make([5, 1, 2]).in_shape == make([5, 1, 2]).out_shape == (5, 1, 2)


# --- permutations ---


def test_a_permutation_moves_whole_channels():
    z = onp.arange(2 * 3 * 2 * 2.0).reshape(2, 3, 2, 2)
    layer = nf.Permutation((1, 2, 0), (3, 2, 2))
    x, log_det = layer.forward({}, z)
    assert (x == z[:, [1, 2, 0]]).all() and (x != z).all() and not log_det.any()
    assert (layer.inverse({}, x)[0] == z).all()
    assert (nf.Reverse((3, 2, 2)).forward({}, z)[0] == z[:, ::-1]).all()


def test_the_same_seed_draws_the_same_order_for_vectors_and_images():
    assert nf.Permutation.random(9, seed=1).order == nf.Permutation.random((9, 2, 2), seed=1).order
    assert nf.Permutation.random((9, 2, 2), seed=1).order != nf.Permutation.random((9, 2, 2), seed=2).order
    assert nf.Permutation((1, 0), (2,)).in_shape == nf.Permutation((1, 0)).in_shape == (2,)


def test_the_shape_of_a_permutation_begins_with_the_length_of_its_order():
    with pytest.raises(ValueError, match=r"shape must begin with 2, the length of order; got \(3, 2, 2\)"):
        nf.Permutation((1, 0), (3, 2, 2))


# --- layers that start from data ---


@pytest.mark.parametrize("layer", [nf.ActNorm, nf.BatchNorm, nf.Standardize])
@every_shape
def test_a_layer_that_starts_from_data_makes_mean_0_and_variance_1_in_each_channel(layer, shape):
    C, H, W = shape
    spread = onp.array([1.0, 5.0, 1e3])[:C, None, None]
    x = rng().normal(size=(100, *shape)) * spread + spread * onp.arange(1.0, H * W + 1).reshape(H, W)
    made = layer(shape)
    params = made.init(rng(), x)
    shapes = []
    trees.map_leaves(lambda leaf: shapes.append(leaf.shape), params, fixed=lambda leaf: shapes.append(leaf.shape))
    assert set(shapes) == {(C,)}
    tolerance = 1e-5 if layer is nf.BatchNorm else 1e-10  # it adds eps to the variance
    z, log_det = made.inverse(params, x)
    close(z.mean(axis=(0, 2, 3)), onp.zeros(C), 1e-10)
    close(z.var(axis=(0, 2, 3)), onp.ones(C), tolerance)
    close(log_det, onp.full(100, -H * W * onp.log(x.std(axis=(0, 2, 3))).sum()), tolerance)


@pytest.mark.parametrize("layer", [nf.ActNorm, nf.Standardize])
def test_log_det_counts_every_pixel(layer):
    data = rng().normal(size=(50, 2)) * [2.0, 5.0]
    params = layer(2).init(rng(), data)
    for shape, pixels in (((2,), 1), ((2, 1, 1), 1), ((2, 4, 7), 28)):
        _, log_det = layer(shape).forward(params, onp.zeros((3, *shape)))
        close(log_det, onp.full(3, pixels * onp.log(data.std(axis=0)).sum()), 1e-12)


@pytest.mark.parametrize("layer", [nf.ActNorm, nf.Standardize])
def test_a_constant_channel_starts_at_scale_1(layer):
    x = rng().normal(size=(50, 3, 2, 2))
    x[:, 1] = 0.1
    with pytest.warns(UserWarning, match=rf"{layer.__name__}: channel 1 is constant; scale 1 is used"):
        params = layer((3, 2, 2)).init(rng(), x)
    assert onp.abs(layer((3, 2, 2)).inverse(params, x)[0][:, 1]).max() < 1e-12


@pytest.mark.parametrize("layer", [nf.ActNorm, nf.BatchNorm])
@pytest.mark.parametrize("direction", ["forward", "inverse"])
def test_parameters_per_sample(layer, direction):
    """A network may write a scale and a shift for each channel of each image."""
    made, r = layer((3, 2, 4)), rng()
    shared = made.init(r, r.normal(size=(50, 3, 2, 4)) * 2 + 1)
    params = trees.map_leaves(lambda leaf: r.normal(size=(5, *leaf.shape)), shared, fixed=lambda leaf: leaf)
    at = r.normal(size=(5, 3, 2, 4))
    own = pullback_of(made, direction, params, at, None)
    traced = pullback_of(made, direction, params, at, None, Bijection)
    for a, b in zip((*own[:2], own[3]), (*traced[:2], traced[3]), strict=True):
        close(a, b, 1e-12)
    close_trees(own[2], traced[2], 1e-12)
    row = trees.map_leaves(lambda leaf: leaf[3], params, fixed=lambda leaf: leaf)
    x, log_det = getattr(made, direction)(row, at[3:4])
    close(own[0][3], x[0], 1e-13)
    close(own[1][3], log_det[0], 1e-12)


def test_an_elementwise_layer_takes_parameters_per_sample():
    layer, r = nf.Elementwise(nf.Affine(1.0), (3, 2, 4)), rng()
    params, z = {"theta": r.normal(size=(5, 3, 2, 4, 2))}, r.normal(size=(5, 3, 2, 4))
    own, traced = (pullback_of(layer, "forward", params, z, None, cls) for cls in (None, Bijection))
    close_trees(own[2], traced[2], 1e-12)
    close(own[3], traced[3], 1e-12)
    for i in range(5):
        close(own[0][i], layer.forward({"theta": params["theta"][i]}, z[i : i + 1])[0][0], 1e-13)


# --- masks ---


def test_the_masks_of_dinh_et_al():
    """Figure 3: a checkerboard of pixels in every channel, and half of the channels."""
    odd = (False, True, False), (True, False, True)
    even = (True, False, True), (False, True, False)
    assert nf.checkerboard_mask((2, 2, 3)) == (odd, odd)
    assert nf.checkerboard_mask((2, 2, 3), flip=True) == (even, even)
    assert nf.channel_mask((3, 1, 2)) == (((True, True),), ((False, False),), ((False, False),))
    assert nf.channel_mask((3, 1, 2), flip=True) == (((False, False),), ((True, True),), ((True, True),))
    assert nf.channel_mask(5) == nf.half_mask(5)
    assert nf.checkerboard_mask((1, 7)) == (nf.alternating_mask(7),)


@pytest.mark.parametrize("mask", [nf.checkerboard_mask, nf.channel_mask])
@pytest.mark.parametrize("shape", [*SHAPES, (1, 1, 1), (1, 2, 1), (2, 1, 1), (4, 6, 6)], ids=str)
def test_two_couplings_with_flipped_masks_move_every_variable(mask, shape):
    first, second = (onp.array(mask(shape, flip)) for flip in (False, True))
    assert first.shape == second.shape == shape
    alone = shape[0] == 1 if mask is nf.channel_mask else shape[1:] == (1, 1)
    if alone:
        assert not first.any() and not second.any()
    else:
        assert (first != second).all() and first.any() and second.any()


def test_a_checkerboard_needs_pixels():
    with pytest.raises(ValueError, match="checkerboard_mask takes a shape"):
        nf.checkerboard_mask((3,))


def test_a_mask_may_be_an_array_or_nested_and_is_kept_as_nested_tuples_of_booleans():
    expected = ((True, False), (False, True))
    for given in (onp.eye(2), onp.eye(2, dtype=bool), [[1, 0], [0, 1]], expected):
        layer = nf.Coupling(nf.Shift(), given)
        assert layer.mask == expected and type(layer.mask[0][0]) is bool
        assert layer.in_shape == layer.out_shape == (2, 2)


def test_a_coupling_keeps_and_moves_the_pixels_that_its_mask_says():
    mask = onp.array(nf.checkerboard_mask((2, 2, 3)))
    layer = nf.Coupling(nf.Affine(2.0), mask, nf.MLP(()))
    params, z = check.random_params(layer, rng(), 1.0), rng(1).normal(size=(4, 2, 2, 3))
    a, t = onp.split((params[0]["W"] @ z[:, mask].T + params[0]["b"][:, None]).T, 2, axis=1)  # (4, 6) each
    x, log_det = layer.forward(params, z)
    assert (x[:, mask] == z[:, mask]).all()
    close(x[:, ~mask], onp.exp(2 * onp.tanh(a / 2)) * z[:, ~mask] + t, 1e-13)
    close(log_det, (2 * onp.tanh(a / 2)).sum(axis=1), 1e-13)


def test_regular_masks_take_their_variables_without_a_copy():
    z = laid_out(rng().normal(size=(5, 4, 2, 3)))
    for mask in (nf.channel_mask((4, 2, 3)), nf.channel_mask((4, 2, 3), flip=True), nf.checkerboard_mask((4, 2, 3))):
        layer = nf.Coupling(nf.Shift(), mask)
        assert isinstance(layer.kept, slice) and isinstance(layer.changed, slice)
        assert all(onp.shares_memory(part, z) for part in layer._split(z))


# --- a base density ---


@pytest.mark.parametrize("per_sample", [False, True])
@every_shape
def test_a_diagonal_normal_over_images_is_that_of_the_flattened_event(per_sample, shape):
    D, rows = onp.prod(shape), (5,) if per_sample else ()
    base, vector, r = nf.DiagonalNormal(shape), nf.DiagonalNormal(D), rng()
    params = {"log_std": r.normal(size=(*rows, *shape)), "mean": r.normal(size=(*rows, *shape))}
    flattened = trees.map_leaves(lambda leaf: leaf.reshape(*rows, D), params)
    z, g = r.normal(size=(5, *shape)), r.normal(size=5)
    expected, _ = vector.log_prob_vjp(flattened, z.reshape(5, D))
    log_p, pullback = base.log_prob_vjp(params, z)
    close(log_p, expected, 1e-13)
    close(base.log_prob(params, z), expected, 1e-12)
    traced = Distribution.log_prob_vjp(base, params, z)[1](g)
    close_trees(pullback(g)[0], traced[0], 1e-12)
    close(pullback(g)[1], traced[1], 1e-12)
    sample, log_p, pullback = base.sample_and_log_prob_vjp(params, rng(1), 5)
    assert sample.shape == (5, *shape) and batch_last(sample).flags.c_contiguous
    close(sample, base.sample(params, rng(1), 5), 1e-13)
    g_z = r.normal(size=sample.shape)
    close_trees(pullback(g_z, g), Distribution.sample_and_log_prob_vjp(base, params, rng(1), 5)[2](g_z, g), 1e-12)


# --- a flow over images ---


def image_flow(shape):
    return nf.Flow(nf.DiagonalNormal(shape), chain(shape))


@every_shape
def test_log_prob_of_images_is_its_definition(shape):
    flow = image_flow(shape)
    params = check.random_params(flow, rng(), 0.5)
    x = rng(1).normal(size=(4, *shape))
    z, _ = flow.bijection.inverse(params["bijection"], x)
    J = check.finite_difference_jacobian(lambda z: flow.bijection.forward(params["bijection"], z)[0], z)
    mean, log_std = params["base"]["mean"], params["base"]["log_std"]
    terms = -0.5 * ((z - mean) / onp.exp(log_std)) ** 2 - log_std - 0.5 * onp.log(2 * onp.pi)
    close(flow.log_prob(params, x), terms.sum(axis=(1, 2, 3)) - onp.linalg.slogdet(J)[1], 1e-6)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_flow_over_images_trains_and_samples(dtype):
    shape = (2, 3, 4)
    x = rng().normal(size=(300, *shape)) * 4 + 7
    x[:, 1] = 0.5 * x[:, 0] + 0.1 * x[:, 1]  # the channels depend on each other
    x, flow = x.astype(dtype), image_flow(shape)
    params = trees.cast(flow.init(rng(), x), dtype)
    before = flow.log_prob(params, x).mean()
    result = nf.fit(flow, x, rng=rng(), params=params, steps=60, optimizer=nf.adam(1e-2), progress=False)
    assert flow.log_prob(result.params, x).mean() > before + 1
    sample, log_p = flow.sample_and_log_prob(result.params, rng(), 6)
    assert sample.shape == (6, *shape) and sample.dtype == log_p.dtype == onp.dtype(dtype)
    close(flow.log_prob(result.params, sample), log_p, 1e-8 if dtype == "float64" else 1e-3)
    many = flow.sample(result.params, rng(1), 2000)
    assert (onp.abs(many.mean(axis=(0, 2, 3)) - x.mean(axis=(0, 2, 3))) < 0.2 * x.std(axis=(0, 2, 3))).all()


def test_a_flow_over_images_is_saved_and_loaded(tmp_path):
    flow = image_flow((2, 3, 4))
    params, x = check.random_params(flow, rng(), 0.5), rng(1).normal(size=(4, 2, 3, 4))
    nf.save(tmp_path / "flow.safetensors", flow, params)
    loaded, again = nf.load(tmp_path / "flow.safetensors")
    assert (loaded.log_prob(again, x) == flow.log_prob(params, x)).all()
    assert describe(loaded) == describe(flow)
    assert loaded.bijection.layers[1].mask == nf.checkerboard_mask((2, 3, 4))
    nf.load(tmp_path / "flow.safetensors", flow=image_flow((2, 3, 4)))


def test_a_permutation_of_a_vector_is_described_as_in_files_written_before_it_had_a_shape():
    old = {"part": "Permutation", "fields": {"order": {"tuple": [1, 0]}}}
    assert describe(nf.Permutation((1, 0))) == old and build(old).in_shape == (2,)
    image = describe(nf.Permutation((1, 0), (2, 3, 3)))
    assert image["fields"]["shape"] == {"tuple": [2, 3, 3]} and build(image).in_shape == (2, 3, 3)
    assert describe(nf.ActNorm(3)) == {"part": "ActNorm", "fields": {"dim": 3}}


def test_the_audit_finds_nothing_in_a_flow_over_images():
    report = check.audit(image_flow((2, 1, 3)), rng=rng(), draws=1)
    assert report.ok, str(report)


def test_a_permutation_of_a_vector_is_the_same_whether_its_shape_is_said_or_not():
    said, unsaid = nf.Permutation((1, 2, 0), (3,)), nf.Permutation((1, 2, 0))
    assert said.shape is unsaid.shape is None and said.in_shape == unsaid.in_shape == (3,)
