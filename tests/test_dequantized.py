"""Densities over whole numbers: the bound, its noise, and what is no image of whole numbers."""

import warnings

import autograd
import numpy as onp
import pytest
from comparing import close, close_trees
from strict import StrictArray

import nfscratch as nf
from nfscratch import trees
from nfscratch.autodiff import register_array_type
from nfscratch.flows.dequantized import below_next

register_array_type(StrictArray)

RNG = onp.random.default_rng
SHAPE = (1, 2, 2)


def pixel_flow(values=8, shape=SHAPE, layers=()):
    return nf.Flow(nf.StandardLogistic(shape), nf.Chain([*layers, nf.PixelLevels(shape, values, 0.0)]))


def images(n, values=8, shape=SHAPE, seed=0):
    return RNG(seed).integers(0, values, size=(n, *shape))


# --- known answers ---


def test_a_uniform_image_model_has_log_values_nats_for_each_pixel():
    """A logistic base through a sigmoid is uniform on the levels: 8 bits for each pixel of 256 levels."""
    model = nf.Dequantized(pixel_flow(256), values=256)
    log_p = model.log_prob(model.init(RNG(0)), images(20, 256))
    close(log_p / (4 * onp.log(2)), onp.full(20, -8.0), 1e-12)


def peaked():
    """One pixel of 4 levels, scaled in logit space: the probability of a level is known in closed form."""
    flow = nf.Flow(nf.StandardLogistic((1, 1, 1)), nf.Chain([nf.ActNorm((1, 1, 1)), nf.PixelLevels((1, 1, 1), 4, 0.0)]))
    model = nf.Dequantized(flow, values=4)
    params = model.init(RNG(0))
    params["bijection"][0] = {"log_scale": onp.array([-0.7]), "shift": onp.array([0.8])}

    def below(level):  # P(y < level): a logistic distribution function of the logit
        with onp.errstate(divide="ignore"):
            z = (onp.log(level) - onp.log(4 - level) - 0.8) * onp.exp(0.7)
        return 1 / (1 + onp.exp(-z))

    x = onp.arange(4).reshape(4, 1, 1, 1)
    return model, params, x, onp.log(onp.diff(below(onp.arange(5.0))))


def many_draws(model, params, x, n=4000):
    """(n, N): n draws of the bound for each row of x."""
    return model.log_prob(params, onp.repeat(x, n, axis=0), rng=RNG(0)).reshape(len(x), n).T


def test_log_prob_is_a_lower_bound_and_more_draws_close_the_gap():
    model, params, x, exact = peaked()
    close(onp.exp(exact).sum(), 1.0, 1e-12)
    draws = many_draws(model, params, x)
    error = draws.std(axis=0) / len(draws) ** 0.5
    gap = exact - draws.mean(axis=0)
    assert (gap > 3 * error).all()  # Jensen: the mean of the log is below the log of the mean
    close(onp.exp(draws).mean(axis=0), onp.exp(exact), 5e-2)
    some = model.log_prob(params, onp.repeat(x, 100, axis=0), rng=RNG(0), draws=200).reshape(4, 100).T
    assert (abs(some.mean(axis=0) - exact) < 0.1 * gap + 4 * some.std(axis=0) / 10).all()


def test_the_uniform_gap_is_that_of_jensen_by_quadrature():
    model, params, x, _ = peaked()
    u = (onp.arange(4000) + 0.5) / 4000
    bound = [model.flow.log_prob(model.flow_params(params), n + u.reshape(-1, 1, 1, 1)).mean() for n in range(4)]
    draws = many_draws(model, params, x)
    assert (abs(draws.mean(axis=0) - bound) < 4 * draws.std(axis=0) / len(draws) ** 0.5).all()


def test_draws_have_the_probabilities_of_the_levels():
    model, params, _, exact = peaked()
    x = model.sample(params, RNG(1), 20_000)
    share = onp.bincount(x.ravel(), minlength=4) / 20_000
    p = onp.exp(exact)
    assert x.dtype.kind == "i" and (abs(share - p) < 4 * onp.sqrt(p * (1 - p) / 20_000)).all()


# --- noise ---


def test_without_an_rng_the_noise_is_the_same_at_every_call():
    model = nf.Dequantized(pixel_flow(layers=[nf.ActNorm(SHAPE)]), values=8)
    params, x = model.init(RNG(0), images(50)), images(5)
    close(model.log_prob(params, x), model.log_prob(params, x), 0.0)
    assert (model.log_prob(params, x, rng=RNG(1)) != model.log_prob(params, x, rng=RNG(2))).all()


def learned(context_channels=1):
    net = nf.ConvNet((4,), "tanh", context_channels=context_channels)
    masks = [nf.checkerboard_mask(SHAPE), nf.checkerboard_mask(SHAPE, flip=True)]
    layers = [nf.Coupling(nf.Affine(), mask, net, context_dim=4) for mask in masks]
    noise = nf.Flow(nf.StandardLogistic(SHAPE), nf.Chain([*layers, nf.PixelLevels(SHAPE, 1, 0.0)]))
    return nf.Dequantized(pixel_flow(layers=[nf.ActNorm(SHAPE)]), noise, values=8)


def test_a_learned_noise_starts_as_uniform_noise():
    model = learned()
    u, log_q = model.noise_of(model.init(RNG(0)), images(6).astype(float), RNG(1))
    assert ((u > 0) & (u < 1)).all()
    close(log_q, onp.zeros(6), 1e-12)


@pytest.mark.parametrize("make", [learned, lambda: nf.Dequantized(pixel_flow(layers=[nf.ActNorm(SHAPE)]), values=8)])
def test_the_gradient_that_fit_uses_is_that_of_autograd(make):
    model, x, rng = make(), images(6), RNG(3)
    params = model.init(rng, images(50))
    params = trees.map_leaves(lambda p: p + 0.3 * rng.normal(size=p.shape), params)
    log_p, pullback = model.log_prob_vjp(params, x.astype(float), None, RNG(5))
    close(log_p, model.log_prob(params, x, rng=RNG(5)), 1e-12)
    g = rng.normal(size=6)
    traced = autograd.grad(lambda p: (g * model.log_prob(p, x, rng=RNG(5))).sum())(params)
    close_trees(pullback(g)[0], traced, 1e-11)


def test_a_learned_noise_tightens_the_bound():
    """A flow that is steep within each step: training the noise alone raises the bound, and the flow is not touched."""
    model, rng = learned(), RNG(0)
    params = model.init(rng)
    params["bijection"][0] = {"log_scale": onp.array([-2.5]), "shift": onp.array([0.2])}
    x = onp.full((64, *SHAPE), 4)

    def loss(noise, rng):
        log_p, pullback = model.log_prob_vjp({**params, "noise": noise}, x.astype(float), None, rng)
        return -log_p.mean(), pullback(onp.full(64, -1 / 64))[0]["noise"]

    noise = nf.minimize(loss, params["noise"], rng=0, steps=150, has_grad=True, optimizer=nf.adam(1e-2)).last_params
    before, after = (many_draws(model, {**params, "noise": n}, x[:1])[:, 0] for n in (params["noise"], noise))
    exact = onp.log(onp.exp(after).mean())
    assert abs(exact - onp.log(onp.exp(before).mean())) < 0.1  # both estimate log P(x)
    before, after = before.mean(), after.mean()
    assert before + 0.5 * (exact - before) < after < exact + 0.05


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_pixel_of_255_never_becomes_256(dtype):
    x = onp.full((1, 1, 1, 3), 255, dtype=dtype)
    u = onp.array([0.0, 0.5, 1 - 1e-9], dtype="float64").astype(dtype).reshape(x.shape)
    y = below_next(x, u)
    assert y.dtype == dtype and (y < 256).all() and (y >= 255).all() and y[..., 1] == 255.5
    assert (below_next(onp.zeros_like(x), u) < 1).all()


def test_float32_from_the_pixels_to_the_gradient():
    model = learned()
    single = trees.map_leaves(lambda p: p.astype("float32"), model.init(RNG(0), images(50)))
    log_p, pullback = model.log_prob_vjp(single, images(6).astype("float32"), None, RNG(5))
    assert log_p.dtype == "float32" and all(g.dtype == "float32" for g in trees.leaves(pullback(log_p)[0]))
    assert model.log_prob(single, images(6)).dtype == "float32"


# --- fit, files ---


def test_fit_takes_whole_numbers_as_they_are_and_warns_of_nothing(tmp_path):
    model, rng = learned(), RNG(0)
    x = onp.clip(onp.round(4 + 1.2 * rng.normal(size=(400, *SHAPE))), 0, 7).astype("uint8")
    result = nf.fit(model, x, rng=0, steps=150, batch_size=64, optimizer=nf.adam(1e-2))
    bits = -model.log_prob(result.params, x, rng=RNG(1)).mean() / (4 * onp.log(2))
    assert 2.0 < bits < 2.6  # the entropy of a level is 2.3 bits, and a uniform model has 3
    nf.save(tmp_path / "model.safetensors", model, result.params)
    again, params = nf.load(tmp_path / "model.safetensors")
    close(again.log_prob(params, x), model.log_prob(result.params, x), 0.0)
    assert again.values == 8 and type(again) is nf.Dequantized


def test_jitter_is_refused():
    model = nf.Dequantized(pixel_flow(layers=[nf.ActNorm(SHAPE)]), values=8)
    with pytest.raises(
        ValueError, match=r"jitter must be None for a Dequantized flow, which adds its own noise; got 1\.0"
    ):
        nf.fit(model, images(50), rng=0, steps=2, jitter=1.0)


# --- what is no image of whole numbers ---

COLOUR = (3, 2, 4)
BAD = {
    "channels last": (
        onp.zeros((5, 2, 4, 3)),
        r"shape \(N, 3, 2, 4\); got \(5, 2, 4, 3\); channels come first, numpy.moveaxis",
    ),
    "flattened": (onp.zeros((5, 24)), r"got \(5, 24\); pass x.reshape\(-1, 3, 2, 4\)"),
    "one image": (onp.zeros(COLOUR), r"; for one image pass x\[None\]"),
    "another size": (onp.zeros((5, 3, 4, 4)), r"must have shape \(N, 3, 2, 4\); got \(5, 3, 4, 4\)$"),
    "scaled to 1": (
        RNG(0).random((5, *COLOUR)),
        r"whole pixel values, 0 to 255; got fractions from 0 to 1: pass numpy.r",
    ),
    "scaled to -1 to 1": (
        RNG(0).uniform(-1, 1, size=(5, *COLOUR)),
        r"got fractions from -1 to 1: pass numpy.round\(255 \* \(x \+ 1\) / 2\)",
    ),
    "with noise": (RNG(0).random((5, *COLOUR)) * 255, r"whole pixel values, 0 to 255; got .* in row 0: the noise betw"),
    "negative": (onp.full((5, *COLOUR), -1), "whole pixel values, 0 to 255; got -1 in row 0"),
    "256": (onp.full((5, *COLOUR), 256), "whole pixel values, 0 to 255; got 256 in row 0"),
    "NaN": (onp.full((5, *COLOUR), onp.nan), "x must be finite; NaN or infinity in row"),
    "infinite": (onp.full((5, *COLOUR), onp.inf), "x must be finite; NaN or infinity in row"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_image_of_whole_numbers_is_refused_in_one_line(name):
    x, message = BAD[name]
    model = nf.Dequantized(pixel_flow(256, COLOUR, [nf.ActNorm(COLOUR)]))
    params = model.init(RNG(0))
    for call in (
        lambda: model.log_prob(params, x),
        lambda: model.init(RNG(0), x),
        lambda: nf.fit(model, x, rng=0, steps=1),
    ):
        with pytest.raises(ValueError, match=message) as caught:
            call()
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("top, values, said", [(1, 256, True), (16, 256, True), (16, 17, False), (63, 256, True)])
def test_images_that_use_few_of_the_values_are_warned_of(top, values, said):
    model = nf.Dequantized(pixel_flow(values, COLOUR, [nf.ActNorm(COLOUR)]), values=values)
    x = RNG(0).integers(0, top + 1, (50, *COLOUR))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.init(RNG(0), x)
    assert [f"no value above {top}, of 0 to {values - 1}" in str(w.message) for w in caught] == [True] * said
    assert all(f"pass values={top + 1}" in str(w.message) for w in caught)


def test_a_missing_channel_axis_and_any_kind_of_number_that_is_whole():
    model = nf.Dequantized(pixel_flow(values=8), values=8)
    params = model.init(RNG(0))
    with pytest.raises(
        ValueError, match=r"must have shape \(N, 1, 2, 2\); got \(5, 2, 2\); for one channel pass x\[:, None\]"
    ):
        model.log_prob(params, onp.zeros((5, 2, 2)))
    for dtype in ("uint8", "int64", "float32", "bool"):
        model.log_prob(params, onp.ones((5, *SHAPE)).astype(dtype))


def onto(low, high):
    return nf.Flow(nf.StandardLogistic(2), nf.Elementwise(nf.Sigmoid(low, high), 2))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((3,), TypeError, "flow must be a Flow"),
        ((pixel_flow(8), None, 1), ValueError, "values must be an integer of at least 2; got 1"),
        ((pixel_flow(8), None, 16), ValueError, "flow must reach all pixel levels, 0 to 16; got a flow that reaches"),
        ((onto(0.5, 8), None, 8), ValueError, r"all pixel levels, 0 to 8; got a flow that reaches \(0\.5, 8\)"),
        ((onto(0, 7.5), None, 8), ValueError, r"all pixel levels, 0 to 8; got a flow that reaches \(0, 7\.5\)"),
        (
            (pixel_flow(8), pixel_flow(8), 8),
            ValueError,
            r"noise must be a flow of shape .*; got shape .*, codomain .*, context_dim 0",
        ),
        ((pixel_flow(8), nf.MLP(), 8), TypeError, "noise must be a Flow"),
    ],
)
def test_parts_that_do_not_fit_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        nf.Dequantized(*arguments)


def test_colour_given_to_a_flow_of_one_channel_is_named():
    with pytest.raises(
        ValueError, match=r"got \(5, 2, 4, 3\); colour has three channels: make the flow for \(3, 2, 4\)"
    ):
        nf.flows.glow((1, 2, 4), depth=1, hidden=4).init(RNG(0), onp.zeros((5, 2, 4, 3)))


def test_params_of_the_flow_alone_are_refused():
    model = learned()
    params = model.init(RNG(0))
    with pytest.raises(
        ValueError, match="params must be those of init, a dict of base, bijection, embed and noise; got"
    ):
        model.log_prob({key: params[key] for key in ("base", "bijection", "embed")}, images(2))
    params["noise"]["bijection"][0][0]["W"] = onp.zeros((2, 2, 3, 3))
    with pytest.raises(
        ValueError, match=r"params\['noise'\]\['bijection'\]\[0\]\[0\]\['W'\] must have shape \(4, 2, 3, 3\)"
    ):
        model.log_prob(params, images(2))


def test_device_arrays_from_the_pixels_to_the_draws():
    """On an array that refuses to become a NumPy one, as a GPU's does: the same numbers as on the host."""
    model = learned()
    params = model.init(RNG(0), images(50))
    there = trees.map_leaves(StrictArray, params)
    x = images(6).astype(float)
    log_p, pullback = model.log_prob_vjp(there, StrictArray(x), None, RNG(5))
    expected, back = model.log_prob_vjp(params, x, None, RNG(5))
    assert type(log_p) is StrictArray
    close(nf.to_numpy(log_p), expected, 1e-13)
    for mine, theirs in zip(trees.leaves(pullback(log_p)[0]), trees.leaves(back(expected)[0]), strict=True):
        close(nf.to_numpy(mine), theirs, 1e-12)
    close(nf.to_numpy(model.log_prob(there, StrictArray(x), rng=RNG(5))), expected, 1e-13)
    assert type(model.sample(there, RNG(1), 3)) is StrictArray
    with pytest.raises(ValueError, match="whole pixel values, 0 to 7; got 9 in row 0"):
        model.log_prob(there, StrictArray(onp.full((2, *SHAPE), 9.0)))
