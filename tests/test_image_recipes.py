"""The ready-made models of images: what they are made of, that they start and train from raw pixels, bad arguments."""

import numpy as onp
import pytest
from comparing import close

import nfscratch as nf
from nfscratch import trees
from nfscratch.checkpoint.description import describe
from nfscratch.flows import image_recipe

RNG = onp.random.default_rng
RECIPES = {
    "glow": lambda shape=(1, 8, 8), **o: nf.flows.glow(shape, **{"depth": 2, "hidden": 8, "values": 17, **o}),
    "real_nvp_image": lambda shape=(1, 8, 8), **o: nf.flows.real_nvp_image(
        shape, **{"hidden": 8, "blocks": 1, "values": 17, **o}
    ),
}
every_recipe = pytest.mark.parametrize("name", RECIPES)


def blobs(n, shape=(1, 8, 8), values=17, seed=0):
    """Images with a bright spot somewhere: neighbours are alike."""
    rng = RNG(seed)
    h, w = onp.indices(shape[1:])
    centre = rng.uniform(1, 6, size=(2, n, 1, 1, 1))
    bright = onp.exp(-0.15 * ((h - centre[0]) ** 2 + (w - centre[1]) ** 2)) * onp.ones((n, *shape))
    return onp.clip(onp.round((values - 1) * bright + rng.normal(size=bright.shape)), 0, values - 1).astype("uint8")


@pytest.mark.parametrize(
    ("shape", "levels", "parts"),
    [
        ((1, 8, 8), None, [(8, 2, 2), (2, 4, 4)]),
        ((3, 32, 32), None, [(48, 4, 4), (12, 8, 8), (6, 16, 16)]),
        ((1, 28, 28), None, [(8, 7, 7), (2, 14, 14)]),
        ((1, 28, 28), 1, [(4, 14, 14)]),
        ((1, 4, 4), None, [(4, 2, 2)]),
        ((2, 2, 2), None, [(8, 1, 1)]),
    ],
)
@every_recipe
def test_half_of_the_channels_leave_at_each_level(name, shape, levels, parts):
    model = RECIPES[name](shape, levels=levels)
    assert list(model.flow.bijection.layers[0].shapes) == parts
    assert model.shape == shape and model.flow.base.shape == (onp.prod(shape),)


@every_recipe
def test_a_fresh_model_starts_from_raw_pixels_and_stays_finite(name):
    """Every ActNorm sees the batch: z starts with mean 0 and variance 1, at every level."""
    model, x = RECIPES[name](), blobs(300)
    params = model.init(RNG(0), x)
    z, _ = model.flow.bijection.inverse(params["bijection"], x + 0.5)
    assert onp.isfinite(z).all() and abs(z.mean()) < 0.1 and 0.7 < z.std() < 1.3
    assert onp.isfinite(model.log_prob(params, x)).all()


@every_recipe
def test_it_is_inverted_and_draws_whole_numbers(name):
    model, x = RECIPES[name](), blobs(50)
    params = trees.map_leaves(lambda p: p + 0.02 * RNG(1).normal(size=p.shape), model.init(RNG(0), x))
    bijection, y = model.flow.bijection, x + 0.5
    z, log_det = bijection.inverse(params["bijection"], y)
    back, opposite = bijection.forward(params["bijection"], z)
    close(back, y, 1e-8)
    close(log_det + opposite, onp.zeros(50), 1e-7)
    draws = model.sample(params, RNG(2), 7)
    assert draws.shape == (7, 1, 8, 8) and draws.dtype.kind == "i" and draws.min() >= 0 and draws.max() <= 16


@every_recipe
def test_its_log_det_is_that_of_the_numeric_jacobian(name):
    model = RECIPES[name]((1, 4, 2), values=8, levels=1, hidden=4, activation="tanh")
    params = trees.map_leaves(lambda p: p + 0.1 * RNG(1).normal(size=p.shape), model.init(RNG(0)))["bijection"]
    z = RNG(2).normal(size=(2, 8))
    J = nf.check.finite_difference_jacobian(lambda z: model.flow.bijection.forward(params, z)[0], z)
    close(model.flow.bijection.forward(params, z)[1], onp.linalg.slogdet(J.reshape(2, 8, 8))[1], 1e-5)


@every_recipe
def test_fit_learns_from_raw_pixels_without_a_warning(name):
    shape = (1, 4, 4)
    x = blobs(200, shape)
    model = RECIPES[name](shape, noise="learned", levels=1, hidden=4)
    result = nf.fit(model, x, rng=0, steps=15, batch_size=32, evaluate_every=5, optimizer=nf.adam(1e-2))
    start = -model.log_prob(model.init(RNG(0), x), x).mean()
    trained = -model.log_prob(result.params, blobs(100, shape, seed=1)).mean()
    assert trained < start - 2.0 and trained < 16 * onp.log(17)


@every_recipe
def test_a_class_as_context_decides_the_image(name):
    model = RECIPES[name]((1, 4, 4), values=8, context_dim=2, levels=1)
    x, c = blobs(60, (1, 4, 4), 8), onp.eye(2)[RNG(0).integers(0, 2, 60)]
    params = trees.map_leaves(
        lambda p: p + 0.1 * RNG(1).normal(size=p.shape), model.init(RNG(0), x, c), fixed=onp.array
    )
    assert (model.log_prob(params, x, c) != model.log_prob(params, x, 1 - c)).all()
    assert model.sample(params, RNG(0), 3, onp.array([1.0, 0.0])).shape == (3, 1, 4, 4)


@every_recipe
def test_the_gradients_of_the_context_are_finite_differences_and_a_bad_context_is_one_line(name):
    model = RECIPES[name]((1, 4, 2), values=8, context_dim=2, levels=1, hidden=4, activation="tanh")
    x, c = blobs(5, (1, 4, 2), 8) + 0.5, RNG(2).normal(size=(5, 2))
    params = trees.map_leaves(
        lambda p: p + 0.1 * RNG(1).normal(size=p.shape), model.init(RNG(0), x - 0.5, c), fixed=onp.array
    )
    of_flow = {part: params[part] for part in ("base", "bijection", "embed")}
    g = model.flow.log_prob_vjp(of_flow, x, c)[1](onp.ones(5))[2]
    steps = 1e-5 * onp.eye(2)
    ends = [[model.flow.log_prob(of_flow, x, c + s * step) for step in steps] for s in (1, -1)]
    close(g, (onp.array(ends[0]) - onp.array(ends[1])).T / 2e-5, 1e-5)
    assert abs(g).min() > 1e-4
    for bad, line in (
        (None, r"context must have shape \(N, 2\); got None"),
        (onp.arange(5) % 2, r"got \(5,\); for labels pass one-hot rows, numpy.eye\(2\)\[labels\]"),
        (c[:3], "context must have one row for each of the 5 rows, or 1 row for all; got 3 rows"),
        (onp.nan * c, "context must be finite; NaN or infinity in rows 0, 1, 2, 3, 4"),
    ):
        for call in (lambda b: model.log_prob(params, x - 0.5, b), lambda b: model.sample(params, RNG(0), 5, b)):
            with pytest.raises(ValueError, match=line):
                call(bad)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@every_recipe
def test_it_comes_back_from_a_file_bit_for_bit(name, dtype, tmp_path):
    model, x = RECIPES[name]((1, 4, 4), noise="learned"), blobs(30, (1, 4, 4))
    params = trees.cast(model.init(RNG(0), x), dtype)
    nf.save(tmp_path / "model.safetensors", model, params)
    again, same = nf.load(tmp_path / "model.safetensors")
    assert describe(again) == describe(model)
    close(again.log_prob(same, x), model.log_prob(params, x), 0.0)


def test_glow_with_emerging_convolutions_is_inverted_and_starts_as_finite():
    model, x = RECIPES["glow"](mixing="emerging"), blobs(20)
    params = trees.map_leaves(lambda p: p + 0.02 * RNG(1).normal(size=p.shape), model.init(RNG(0), x))
    z, log_det = model.flow.bijection.inverse_value(params["bijection"], x + 0.5)
    back, opposite = model.flow.bijection.forward_value(params["bijection"], z)
    close(back, x + 0.5, 1e-7)
    close(log_det + opposite, onp.zeros(20), 1e-7)


@pytest.mark.exhaustive
@every_recipe
def test_the_audit_finds_nothing(name):
    """In logit space: with wild parameters nearly all draws would be rounded to the ends of the pixel levels."""
    model = RECIPES[name]((1, 2, 2), values=16, levels=1, hidden=4, activation="tanh")
    nf.check.audit(model.flow.bijection.layers[0], rng=RNG(0), draws=1, show=False).raise_if_failed()


def test_a_learned_noise_is_uniform_before_training():
    noise = nf.flows.pixel_noise((2, 3, 4), layers=3, hidden=(4,))
    u, log_q = noise.sample_and_log_prob(noise.init(RNG(0)), RNG(1), 200, onp.zeros((200, 24)))
    close(log_q, onp.zeros(200), 1e-11)
    assert abs(u.mean() - 0.5) < 0.02 and u.min() > 0 and u.max() < 1


BAD = [
    (
        {"shape": (1, 7, 8)},
        r"shape must have a height and a width that 2\^levels = 2 divides; got 7 x 8: pad the images",
    ),
    ({"shape": (28, 32, 3)}, r"channels first: \(3, 28, 32\); got \(28, 32, 3\)"),
    ({"levels": 3, "shape": (1, 28, 28)}, r"that 2\^levels = 8 divides; got 28 x 28: levels=2 would do"),
    ({"levels": 0}, "levels must be an integer of at least 1; got 0"),
    ({"shape": (8, 8)}, r"shape must be \(C, H, W\), such as \(1, 28, 28\); got \(8, 8\)"),
    ({"shape": 64}, r"shape must be \(C, H, W\)"),
    ({"hidden": 0}, "hidden must be an integer of at least 1; got 0"),
    ({"values": 1}, "values must be an integer of at least 2; got 1"),
    ({"alpha": 0.7}, "alpha must be a number from 0 up to, but less than, 0.5; got 0.7"),
    ({"noise": "normal"}, "noise must be one of uniform, learned; got 'normal'"),
    ({"context_dim": -1}, "context_dim must be an integer of at least 0; got -1"),
    ({"activation": "sine"}, "activation must be one of"),
    ({"max_log_scale": 0.0}, "max_log_scale must be positive and finite; got 0.0"),
    ({"prior": "no"}, "prior must be one of True, False; got 'no'"),
]


@pytest.mark.parametrize(("options", "message"), BAD)
@every_recipe
def test_a_bad_argument_is_named(name, options, message):
    with pytest.raises(ValueError, match=message):
        RECIPES[name](**options)


def test_what_only_one_recipe_takes_is_named_too():
    with pytest.raises(ValueError, match="depth must be an integer of at least 1; got 0"):
        RECIPES["glow"](depth=0)
    with pytest.raises(ValueError, match="mixing must be one of 1x1, emerging; got 'lu'"):
        RECIPES["glow"](mixing="lu")
    with pytest.raises(ValueError, match="blocks must be an integer of at least 1; got 0"):
        RECIPES["real_nvp_image"](blocks=0)
    with pytest.raises(ValueError, match="layers must be an integer of at least 1; got 0"):
        nf.flows.pixel_noise((1, 4, 4), layers=0)


# --- data ---


def test_the_digits_are_images_of_whole_numbers_that_a_model_takes():
    data = nf.data.load("digits")
    x = data.images("test")
    assert x.shape[1:] == (1, 8, 8) and x.dtype.kind == "i" and 0 <= x.min() and x.max() == 16
    assert (x.reshape(len(x), 64) <= data.test).all() and (data.test < x.reshape(len(x), 64) + 1).all()
    model = RECIPES["glow"]()
    assert onp.isfinite(model.log_prob(model.init(RNG(0), data.images("train")), x)).all()


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("digits", ("holdout",), "part must be one of train, validation, test; got 'holdout'"),
        ("digits", ("train", (1, 7, 9)), r"shape must have 64 numbers, .*; got \(1, 7, 9\)"),
        ("iris", ("train",), "images needs a set of whole numbers, whose jitter is 1; iris is none"),
    ],
)
def test_what_is_no_set_of_images_is_refused(name, arguments, message):
    with pytest.raises(ValueError, match=message):
        nf.data.load(name).images(*arguments)


def test_images_are_squeezed_while_two_pixels_remain_and_three_times_at_most():
    """The last numbers that are taken, and the first that are not."""
    levels = {(2, 2): 1, (4, 4): 1, (6, 8): 1, (8, 8): 2, (12, 12): 2, (16, 16): 3, (8, 64): 2, (64, 64): 3}
    assert {size: image_recipe.checked_levels((1, *size), None) for size in levels} == levels
    assert image_recipe.checked_levels((1, 4, 4), 2) == 2
    for size, given, remedy in (((12, 12), 3, "levels=2 would do"), ((3, 4), None, "pad the images to an even size")):
        with pytest.raises(ValueError, match=f"got {size[0]} x {size[1]}: {remedy}"):
            image_recipe.checked_levels((1, *size), given)


def test_channels_that_come_last_are_told_where_there_is_no_doubt():
    for shape in ((3, 8, 3), (8, 3, 1), (4, 8, 2), (1, 28, 28)):
        assert image_recipe.image_shape(shape) == shape
    for shape in ((4, 8, 3), (28, 28, 1), (4, 4, 3)):
        with pytest.raises(ValueError, match=r"channels first: \({}, {}, {}\)".format(shape[2], *shape[:2])):
            image_recipe.image_shape(shape)
    for wrong in ((28, 28), 28, (1, 28, 28, 1), (0, 4, 4)):
        with pytest.raises(ValueError, match=r"shape must be \(C, H, W\), such as \(1, 28, 28\); got"):
            image_recipe.image_shape(wrong)
