"""ConvFeatures: a context that is an image or a series, its derivatives, and a flow trained with it."""

import autograd
import autograd.numpy as np
import numpy as onp
import pytest
from autograd.test_util import check_grads
from comparing import close, close_trees
from refusals import refused
from strict import StrictArray

import nfscratch as nf
from nfscratch import backend, trees
from nfscratch.autodiff import register_array_type
from nfscratch.nets import conv_features
from nfscratch.nets.network import Network
from nfscratch.ops.convolution import back, convolve, correlate

register_array_type(StrictArray)
SHAPES = {"image": (2, 5, 6), "series": (2, 9), "one series": 7}


def rng(seed=0):
    return onp.random.default_rng(seed)


def moved(params, seed=1, scale=0.3):
    draws = rng(seed)
    return trees.map_leaves(lambda a: a + scale * draws.normal(size=a.shape), params, fixed=lambda a: a)


# --- the convolution in steps ---


def by_definition(K, h, steps):
    """(1) of ops/convolution.py, number by number."""
    (O, C, k1, k2), (_, H, W, N) = K.shape, h.shape
    y = onp.zeros((O, -(-H // steps[0]), -(-W // steps[1]), N))
    for o, c, i, j, p, q in onp.ndindex(O, C, k1, k2, *y.shape[1:3]):
        row, column = steps[0] * p + i - k1 // 2, steps[1] * q + j - k2 // 2
        if 0 <= row < H and 0 <= column < W:
            y[o, p, q] += K[o, c, i, j] * h[c, row, column]
    return y


@pytest.mark.parametrize("size", [(4, 6), (5, 7), (1, 8)])
@pytest.mark.parametrize("widths", [(3, 3), (1, 5), (1, 1)])
@pytest.mark.parametrize("steps", [(2, 2), (1, 3), (1, 1)])
def test_it_is_the_definition_and_its_gradients_are_the_adjoints(size, widths, steps):
    K, h = rng(0).normal(size=(3, 2, *widths)), rng(1).normal(size=(2, *size, 4))
    y = convolve(K, h, steps)
    close(y, by_definition(K, h, steps), 1e-13)
    g, draws = rng(2).normal(size=y.shape), rng(3)
    for _ in range(5):  # adjoints: <g, K' * h> = <correlate(g, h), K'>, and the same of the image
        K_too, h_too = draws.normal(size=K.shape), draws.normal(size=h.shape)
        close((correlate(g, h, widths, steps) * K_too).sum(), (g * by_definition(K_too, h, steps)).sum(), 1e-11)
        close((back(K, g, size, steps) * h_too).sum(), (g * by_definition(K, h_too, steps)).sum(), 1e-11)


def test_second_derivatives_in_steps_are_those_of_finite_differences():
    K, h = rng(0).normal(size=(3, 2, 3, 1)), rng(1).normal(size=(2, 5, 4, 2))
    value = lambda K, h: np.sum(np.tanh(convolve(K, h, (2, 3))) * convolve(0.5 * K, h * h, (2, 3)))  # noqa: E731
    check_grads(value, (0, 1), order=2)(K, h)


# --- the network ---


def network(shape, activation="tanh", context_dim=0):
    net = nf.ConvFeatures(shape, (3, 4), (5,), activation)
    n_in = int(onp.prod(shape))
    params = moved(net.init(rng(), n_in, 2, context_dim))
    return net, params, rng(2).normal(size=(6, n_in)), rng(3).normal(size=(6, context_dim)) if context_dim else None


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("activation", ["relu", "gelu"])
@pytest.mark.parametrize("context_dim", [0, 2])
def test_the_pullback_is_that_of_autograd(shape, activation, context_dim):
    net, params, x, context = network(shape, activation, context_dim)
    out, pullback = net.apply_vjp(params, x, context)
    expected, traced = Network.apply_vjp(net, params, x, context)
    close(out, expected, 1e-13)
    for mine, theirs in zip(pullback(out), traced(out), strict=True):
        assert (mine is None) == (theirs is None)
        if mine is not None:
            close_trees(mine, theirs, 1e-11)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_strict_arrays_and_float32(shape):
    net, *given = network(shape, context_dim=2)
    given = trees.map_leaves(lambda a: a.astype("float32"), given)
    (here, back), (there, back_there) = net.apply_vjp(*given), net.apply_vjp(*trees.map_leaves(StrictArray, given))
    mine, theirs = [here, *back(here)], [there, *back_there(there)]
    assert {leaf.dtype for leaf in trees.leaves(mine)} == {onp.dtype("float32")}
    close_trees(trees.map_leaves(backend.to_numpy, theirs), mine, 0.0)


def test_a_fresh_network_is_zero_and_the_image_shrinks():
    net = nf.ConvFeatures((3, 5, 8), (4, 6))
    params = net.init(rng(), 120, 7)
    assert [layer["W"].shape for layer in params["convolutions"]] == [(4, 3, 3, 3), (6, 4, 3, 3)]
    assert params["dense"][0]["W"].shape == (64, 6 * 2 * 2)  # 5 x 8 pixels, 3 x 4, 2 x 2
    assert not net.apply(params, rng().normal(size=(4, 120))).any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"shape": (1, 2, 3, 4)}, r"ConvFeatures takes a shape D, \(D,\) or \(C, H, W\); got \(1, 2, 3, 4\)"),
        ({"shape": 0}, "ConvFeatures takes a shape"),
        ({"shape": 8, "channels": (0,)}, "channels must be a sequence of widths, each a positive integer; got"),
        ({"shape": 8, "kernels": 2}, "kernels must be an odd number, or 2 of them, one a layer; got 2"),
        ({"shape": 8, "step": 0}, "step must be an integer of at least 1; got 0"),
        ({"shape": 8, "gain": 0}, "gain must be positive and finite; got 0"),
        ({"shape": 8, "activation": "sine"}, "activation must be one of"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    refused(ValueError, message, nf.ConvFeatures, **arguments)


def test_rows_of_another_width_are_refused():
    refused(ValueError, r"rows must have the 9 numbers of shape \(1, 9\); got 8", nf.ConvFeatures(9).init, rng(), 8, 2)


def test_values_are_taken_some_rows_at_a_time(monkeypatch):
    net, params, x, context = network((2, 5, 6), context_dim=2)
    expected, rows = net.apply(params, x, context), []
    inner = nf.ConvFeatures.apply_vjp
    monkeypatch.setattr(nf.ConvFeatures, "apply_vjp", lambda *args: rows.append(len(args[2])) or inner(*args))
    monkeypatch.setattr(conv_features, "AT_ONCE", 4 * 2 * 5 * 6)  # four rows of the largest image, the first one
    close(net.apply_value(params, x, context), expected, 1e-13)
    standardized = nf.StandardizedInput(net)
    of_all = {**standardized.init(rng(), 60, 2), "network": nf.ConvFeatures((2, 5, 6), (3, 4), (5,)).init(rng(), 60, 2)}
    assert standardized.apply_value(of_all, x).shape == (6, 2)
    assert rows == [4, 2, 4, 2]
    assert net.apply_value(params, x[:0], context[:0]).shape == (0, 2)


# --- as the embedding of a flow ---


def example(shape, offset=0.0, unit=1.0, n=30):
    flow = nf.flows.real_nvp(2, layers=2, hidden=(6,), context_dim=3, embed=nf.ConvFeatures(shape, (3,), (4,), "tanh"))
    context = offset + unit * rng(2).normal(size=(n, *flow.embed.in_shape))
    x = rng(1).normal(size=(n, 2))
    return flow, moved(flow.init(rng(), x, context)), x, context


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_rows_may_come_as_images_or_flat_and_one_image_serves_all(shape):
    flow, params, x, images = example(shape)
    flat = images.reshape(len(images), -1)
    log_p = flow.log_prob(params, x, images)
    assert (log_p == flow.log_prob(params, x, flat)).all()
    assert abs(log_p - flow.log_prob(params, x, images[::-1])).max() > 1e-3
    one = flow.log_prob(params, x, images[0])
    for same in (images[:1], flat[0], flat[:1]):
        assert (one == flow.log_prob(params, x, same)).all()
    assert (flow.sample(params, rng(), 4, images[:4]) == flow.sample(params, rng(), 4, flat[:4])).all()


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_every_gradient_is_that_of_finite_differences(shape):
    flow, params, x, images = example(shape, n=4)

    def loss(params, images):
        draws, log_q = flow.sample_and_log_prob(params, rng(5), 4, images)
        return np.sum(flow.log_prob(params, x, images)) + np.sum(log_q) + np.sum(draws**2)

    for k, at in enumerate((params["embed"]["network"], images)):

        def of(a, k=k):
            return loss({**params, "embed": {**params["embed"], "network": a}}, images) if k == 0 else loss(params, a)

        grads = autograd.grad(of)(at)
        assert all(onp.abs(g).max() > 1e-4 for g in trees.leaves(grads))
        away = trees.map_leaves(lambda a: rng(a.size).normal(size=a.shape), at)
        step = trees.map_leaves(lambda a: 1e-6 * a, away)
        slope = (of(trees.add(at, step)) - of(trees.add(at, trees.map_leaves(onp.negative, step)))) / 2e-6
        along = sum((g * a).sum() for g, a in zip(trees.leaves(grads), trees.leaves(away), strict=True))
        onp.testing.assert_allclose(along, slope, rtol=1e-5)


def test_a_channel_has_one_mean_and_one_scale_and_a_constant_one_has_scale_1():
    flow, params, _, images = example((2, 5, 6), 1000.0, 50.0)
    fixed = params["embed"]["fixed"]
    for name, expected in (("mean", images.mean(axis=(0, 2, 3))), ("std", images.std(axis=(0, 2, 3)))):
        onp.testing.assert_allclose(fixed[name], onp.repeat(expected, 30), rtol=1e-12)
    images[:, 1] = 7.0
    images[:, 0, 0] = 0.0  # pixels that never change do no harm
    fixed = flow.init(rng(), onp.zeros((30, 2)) + rng(1).normal(size=(30, 2)), images)["embed"]["fixed"]
    onp.testing.assert_array_equal(fixed["std"][30:], 1.0)
    assert (fixed["std"][:30] == fixed["std"][0]).all() and fixed["std"][0] > 10


def test_a_dark_pixel_that_one_row_lights_is_no_row_that_decides_a_scale(recwarn):
    flow, _, x, images = example((1, 4, 4), n=200)
    images[:, 0, 0, 0] = 0.0
    images[17, 0, 0, 0] = 3.0
    nf.fit(flow, x, context=images, rng=0, steps=2, progress=False)
    assert [str(w.message) for w in recwarn if "decide the scale" in str(w.message)] == []


def bumps(n, seed):
    """The place t of a bump in a noisy series of 20 numbers, in units of their own."""
    t = rng(seed).uniform(3, 16, size=(n, 1))
    series = onp.exp(-((onp.arange(20) - t) ** 2) / 4) + 0.2 * rng(seed + 1).normal(size=(n, 20))
    return t, 101_300 + 600 * series


def test_it_is_trained_along_and_raw_units_are_as_good_as_standardised_ones(tmp_path):
    t, series = bumps(1000, 0)
    scaled = (series - series.mean()) / series.std()
    ends = []
    for context in (series, scaled):
        embed = nf.ConvFeatures(20, (4, 8), (16,))
        flow = nf.flows.maf(1, layers=2, hidden=(16,), context_dim=4, embed=embed)
        result = nf.fit(flow, t, context=context, rng=0, steps=80, optimizer=nf.adam(1e-2), progress=False)
        ends.append(flow.log_prob(result.params, t, context).mean())
    onp.testing.assert_allclose(ends[0], ends[1], atol=1e-6)
    assert ends[0] > -onp.log(13) + 1.5  # of the uniform density of t
    nf.save(tmp_path / "bumps.flow", flow, result.params)
    again, params = nf.load(tmp_path / "bumps.flow")
    assert (again.log_prob(params, t, scaled) == flow.log_prob(result.params, t, scaled)).all()


def test_images_of_another_shape_are_refused_by_every_entrance():
    flow, params, x, images = example((2, 5, 6))
    message = r"context must have shape \(N, 60\) or \(N, 2, 5, 6\); got \(30, 2, 6, 5\)$"
    turned = images.swapaxes(2, 3)
    refused(ValueError, message, flow.log_prob, params, x, turned)
    refused(ValueError, message, flow.init, rng(), x, turned)
    refused(ValueError, message, flow.sample, params, rng(), 30, turned)
    refused(ValueError, message, nf.fit, flow, x, rng=0, context=turned)
    refused(ValueError, message, nf.check.audit, flow, context=turned)
    refused(ValueError, r"\(N, 60\) or \(N, 2, 5, 6\); got None$", flow.log_prob, params, x)


def test_images_without_channels_or_with_the_channels_last_are_told_how():
    flow, params, x, images = example((1, 4, 5))
    message = r"or \(N, 1, 4, 5\); got \(30, 4, 5\); for one channel pass context\[:, None\]$"
    refused(ValueError, message, flow.log_prob, params, x, images[:, 0])
    flow, params, x, images = example((2, 4, 5))
    message = r"or \(N, 2, 4, 5\); got \(30, 4, 5, 2\); channels come first, numpy.moveaxis\(context, -1, 1\)$"
    last = onp.moveaxis(images, 1, -1)
    refused(ValueError, message, flow.log_prob, params, x, last)
    assert (flow.log_prob(params, x, onp.moveaxis(last, -1, 1)) == flow.log_prob(params, x, images)).all()


def test_the_audit_draws_an_image_by_itself():
    flow = example((1, 4, 4))[0]
    report = nf.check.audit(flow, draws=1, letters="SIXDG", show=False)
    assert report.ok, str(report)


def test_an_estimator_takes_flat_images_and_the_width_of_their_features():
    images = rng(0).normal(size=(60, 16))
    y = images.mean(axis=1) + 0.1 * rng(1).normal(size=60)
    options = {"context_dim": 3, "embed": nf.ConvFeatures((1, 4, 4), (2,), (4,))}
    settings = {"flow_options": options, "layers": 1, "hidden": (4,), "steps": 5, "random_state": 0}
    fitted = nf.sklearn.ConditionalFlowDensity("maf", **settings).fit(images, y)
    assert fitted.flow_.context_dim == 3
    expected = fitted.flow_.log_prob(fitted.params_, y[:, None], images.reshape(60, 1, 4, 4))
    onp.testing.assert_array_equal(fitted.score_samples(images, y), expected)
