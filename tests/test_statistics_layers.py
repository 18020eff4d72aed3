"""Layers that look at a batch: ActNorm, BatchNorm, Standardize. What they store, when it changes, and on which rows."""

import autograd
import numpy as onp
import pytest
from cases.case import Case
from comparing import close, close_trees
from laws import LAWS
from pullbacks import pullback_of
from strict import StrictArray, transfers

import nfscratch as nf
from nfscratch import check, trees
from nfscratch.bijections.contract import Bijection

LAYERS = [nf.ActNorm, nf.BatchNorm, nf.Standardize]
every_layer = pytest.mark.parametrize("layer", LAYERS)


def rng(seed=0):
    return onp.random.default_rng(seed)


def stored(params):
    return params["fixed"]["mean"], params["fixed"]["variance"]


def by_hand():
    return {
        "beta": onp.array([0.5, -1.0]),
        "log_gamma": onp.log([2.0, 0.5]),
        "fixed": {"mean": onp.array([10.0, -3.0]), "variance": onp.array([4.0, 9.0])},
    }


# --- the formula ---


def test_batchnorm_by_hand():
    """z = gamma (x - m) / sqrt(v + eps) + beta, and its log-det sum log gamma - log(v + eps) / 2."""
    layer, params = nf.BatchNorm(2, eps=1e-12), by_hand()
    x = onp.array([[12.0, 0.0], [10.0, -3.0]])
    z, log_det = layer.inverse(params, x)
    close(z, onp.array([[2.0 * 1.0 + 0.5, 0.5 * 1.0 - 1.0], [0.5, -1.0]]), 1e-10)
    close(log_det, onp.full(2, onp.log(2.0 / 2.0) + onp.log(0.5 / 3.0)), 1e-10)
    back, log_det_back = layer.forward(params, z)
    close(back, x, 1e-12)
    close(log_det_back, -log_det, 1e-14)


def test_eps_is_added_to_the_variance_before_the_root():
    params = nf.BatchNorm(1).init(rng())
    _, log_det = nf.BatchNorm(1, eps=3.0).forward(params, onp.zeros((1, 1)))
    close(log_det, onp.log([2.0]), 1e-14)


def test_inverse_needs_no_forward_before_it():
    x = rng().normal(size=(4, 2))
    z, _ = nf.BatchNorm(2).inverse(by_hand(), x)
    close(nf.BatchNorm(2).forward(by_hand(), z)[0], x, 1e-13)


def test_a_context_is_passed_over():
    layer, x, context = nf.BatchNorm(2), rng().normal(size=(4, 2)), rng(1).normal(size=(4, 3))
    close(layer.inverse(by_hand(), x, context)[0], layer.inverse(by_hand(), x)[0], 0.0)
    assert layer.inverse_vjp(by_hand(), x, context)[2](x, x[:, 0])[2] is None


@pytest.mark.parametrize("direction", ["forward", "inverse"])
def test_parameters_per_sample(direction):
    """beta and log_gamma may come from a network, a row each."""
    layer, r = nf.BatchNorm(2), rng()
    params = {**by_hand(), "beta": r.normal(size=(5, 2)), "log_gamma": r.normal(size=(5, 2))}
    at = r.normal(size=(5, 2))
    own = pullback_of(layer, direction, params, at, None)
    traced = pullback_of(layer, direction, params, at, None, Bijection)
    for a, b in zip((*own[:2], own[3]), (*traced[:2], traced[3]), strict=True):
        close(a, b, 1e-12)
    close_trees(own[2], traced[2], 1e-12)
    row = {**params, "beta": params["beta"][3], "log_gamma": params["log_gamma"][3]}
    close(getattr(layer, direction)(row, at[3:4])[0][0], own[0][3], 1e-13)


# --- images ---


IMAGES = Case("batchnorm images", lambda dim: nf.BatchNorm((dim, 2, 3)))


@pytest.mark.parametrize("law", LAWS)
def test_the_laws_hold_for_images(law):
    LAWS[law].check(IMAGES, dims=(1, 3))


def test_log_det_counts_every_pixel():
    params = nf.BatchNorm(2).init(rng(), rng().normal(size=(50, 2)) * [2.0, 5.0])
    for shape, pixels in (((2,), 1), ((2, 1, 1), 1), ((2, 4, 7), 28)):
        _, log_det = nf.BatchNorm(shape).forward(params, onp.zeros((3, *shape)))
        close(log_det, onp.full(3, pixels * 0.5 * onp.log(params["fixed"]["variance"] + 1e-5).sum()), 1e-12)


def test_an_image_has_one_mean_and_variance_per_channel():
    x = rng().normal(size=(20, 2, 3, 4)) * onp.array([1.0, 7.0])[:, None, None] + 2.0
    layer = nf.BatchNorm((2, 3, 4))
    params = layer.init(rng(), x)
    close(stored(params)[0], x.mean(axis=(0, 2, 3)), 1e-13)
    close(stored(params)[1], x.var(axis=(0, 2, 3)), 1e-12)
    moved = stored(layer.update(params, x[:5]))
    close(moved[0], 0.99 * stored(params)[0] + 0.01 * x[:5].mean(axis=(0, 2, 3)), 1e-13)
    close(moved[1], 0.99 * stored(params)[1] + 0.01 * x[:5].var(axis=(0, 2, 3)) * 60 / 59, 1e-12)


# --- init and update ---


def test_it_starts_from_the_batch_and_without_one_as_the_identity():
    x = rng().normal(size=(300, 3)) * [1.0, 5.0, 1e4] + [5.0, 0.0, -1e5]
    params = nf.BatchNorm(3).init(rng(), x)
    z, _ = nf.BatchNorm(3, eps=1e-12).inverse(params, x)
    close(z.mean(axis=0), onp.zeros(3), 1e-9)
    close(z.var(axis=0), onp.ones(3), 1e-9)
    assert trees.count(params) == 6
    z, log_det = nf.BatchNorm(3, eps=1e-12).inverse(nf.BatchNorm(3).init(rng()), x)
    close(z, x, 1e-9)
    close(log_det, onp.zeros(300), 1e-9)


def test_update_is_the_running_average_of_the_batches():
    x, params = rng().normal(size=(8, 2)) * 3 + 1, by_hand()
    moved = nf.BatchNorm(2, momentum=0.75).update(params, x)
    close(stored(moved)[0], 0.75 * stored(params)[0] + 0.25 * x.mean(axis=0), 1e-13)
    close(stored(moved)[1], 0.75 * stored(params)[1] + 0.25 * x.var(axis=0, ddof=1), 1e-13)
    assert moved["beta"] is params["beta"] and moved["log_gamma"] is params["log_gamma"]
    close(stored(params)[0], stored(by_hand())[0], 0.0)  # the old tree is left alone
    close(stored(nf.BatchNorm(2, momentum=0.0).update(params, x))[0], x.mean(axis=0), 1e-13)


def test_small_batches_average_to_the_variance_of_all():
    """Of 4 rows a variance divided by N is 3/4 of it on average."""
    layer, r = nf.BatchNorm(1, momentum=0.997), rng()
    params = layer.init(r)
    for _ in range(2500):
        params = layer.update(params, r.normal(size=(4, 1)) * 2.0)
    assert abs(stored(params)[1][0] / 4.0 - 1.0) < 4 * (2 / 3 * 0.003 / 1.997) ** 0.5  # of an average with such weights


def test_nothing_else_moves_what_is_stored():
    layer, params, x = nf.BatchNorm(2), by_hand(), rng().normal(size=(5, 2))
    z, log_det, pullback = layer.inverse_vjp(params, x)
    assert sorted(pullback(z, log_det)[0]) == ["beta", "log_gamma"]
    flow = nf.Flow(nf.StandardNormal(2), layer)
    tree = {"base": {}, "bijection": params, "embed": {}}
    grads = autograd.grad(lambda p: nf.objectives.nll(flow, p, x))(tree)
    assert not any(g.any() for g in stored(grads["bijection"]))
    assert grads["bijection"]["log_gamma"].all()
    close_trees({"all": stored(params)}, {"all": stored(by_hand())}, 0.0)


def test_an_empty_batch_updates_nothing():
    assert stored(nf.BatchNorm(2).update(by_hand(), onp.zeros((0, 2))))[1].tolist() == [4.0, 9.0]


def test_a_batch_of_one_moves_the_mean_and_keeps_the_variance():
    moved = nf.BatchNorm(2, momentum=0.5).update(by_hand(), onp.array([[0.0, 1.0]]))
    assert stored(moved)[0].tolist() == [5.0, -1.0]
    assert stored(moved)[1].tolist() == [4.0, 9.0]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_update_stays_on_the_device_and_in_its_dtype(dtype):
    x, params = (rng().normal(size=(8, 2)) * 3 + 1).astype(dtype), trees.cast(by_hand(), dtype)
    there, at = trees.map_leaves(StrictArray, params), StrictArray(x)
    with transfers() as count:
        moved = nf.BatchNorm(2).update(there, at)
    assert (count.to_device, count.to_host) == (0, 0)
    for dev, host in zip(stored(moved), stored(nf.BatchNorm(2).update(params, x)), strict=True):
        assert type(dev) is StrictArray and dev.dtype == host.dtype == onp.dtype(dtype)
        close(dev, host, 0.0)


# --- constant columns, too few rows ---


@every_layer
@pytest.mark.parametrize("value", [0.0, 0.1, -1e9])
def test_a_constant_column_starts_at_scale_1(layer, value):
    x = rng().normal(size=(50, 3))
    x[:, 1] = value
    with pytest.warns(UserWarning, match=rf"{layer.__name__}: column 1 is constant; scale 1 is used"):
        params = layer(3).init(rng(), x)
    z, log_det = layer(3).inverse(params, x)
    assert onp.abs(z[:, 1]).max() < 1e-6 and onp.isfinite(log_det).all()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_column_that_is_constant_in_a_batch_keeps_its_variance(dtype):
    layer, x = nf.BatchNorm(2, momentum=0.5), rng().normal(size=(33, 2)).astype(dtype)
    x[:, 1] = 0.1  # its mean in float32 is not exactly 0.1
    params = trees.cast(by_hand(), dtype)
    for _ in range(200):
        params = layer.update(params, x)
    assert stored(params)[1][1] == 9.0
    close(stored(params)[0][1], onp.asarray(0.1), 1e-6)
    z, log_det, pullback = layer.inverse_vjp(params, x)
    for a in (z, log_det, *trees.leaves(pullback(z, log_det)[0])):
        assert onp.isfinite(a).all()


def test_a_variance_of_zero_is_bounded_by_eps():
    params = {**by_hand(), "fixed": {"mean": onp.zeros(2), "variance": onp.zeros(2)}}
    z, log_det = nf.BatchNorm(2).inverse(params, onp.ones((1, 2)))
    close(log_det, -onp.log([1e-5]), 1e-12)
    assert onp.isfinite(z).all()


@every_layer
@pytest.mark.parametrize("n", [0, 1])
def test_starting_from_data_needs_two_rows(layer, n):
    with pytest.raises(ValueError, match=f"{layer.__name__} needs at least 2 rows to start from data; got {n}"):
        layer(2).init(rng(), onp.zeros((n, 2)))


@every_layer
def test_a_batch_of_one_goes_both_ways(layer):
    params = layer(2).init(rng(), rng().normal(size=(50, 2)) * 3 + 1)
    x = onp.array([[4.0, -2.0]])
    z, log_det = layer(2).inverse(params, x)
    back, log_det_back = layer(2).forward(params, z)
    close(back, x, 1e-13)
    close(log_det, -log_det_back, 1e-13)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shape": (2, 3)}, r"BatchNorm takes a shape D, \(D,\) or \(C, H, W\); got \(2, 3\)"),
        ({"shape": 0}, r"BatchNorm takes a shape D, \(D,\) or \(C, H, W\); got 0"),
        ({"shape": ()}, r"BatchNorm takes a shape D, \(D,\) or \(C, H, W\); got \(\)"),
        ({"shape": 2, "momentum": 1.0}, r"momentum must be in \[0, 1\); got 1.0"),
        ({"shape": 2, "momentum": -0.1}, r"momentum must be in \[0, 1\); got -0.1"),
        ({"shape": 2, "eps": 0.0}, r"eps must be positive and finite; got 0.0"),
    ],
)
def test_what_batchnorm_cannot_be(options, message):
    with pytest.raises(ValueError, match=message):
        nf.BatchNorm(**options)


# --- in a flow ---


def flow_with(layer):
    """A RealNVP with `layer` after every coupling."""
    chain = []
    for k in range(4):
        chain += [nf.Coupling(nf.Affine(), nf.half_mask(2, flip=k % 2 == 1), nf.MLP((16,))), layer(2)]
    return nf.Flow(nf.StandardNormal(2), nf.Chain(chain))


def seen_by(flow, params, x):
    """(layer, its params, its x) from the last layer to the first."""
    for layer, p in zip(reversed(flow.bijection.layers), reversed(params["bijection"]), strict=True):
        yield layer, p, x
        x, _ = layer.inverse(p, x)


def test_fit_brings_the_running_statistics_to_those_of_the_activations():
    x = nf.data.load("moons", n=2000).train * 3 + 5
    flow = flow_with(lambda dim: nf.BatchNorm(dim, momentum=0.95))
    start = flow.init(rng(), x[:10])  # few rows: the statistics begin far off
    first = nf.objectives.nll(flow, start, x)
    result = nf.fit(flow, x, rng=rng(), params=start, steps=250, validation=None, optimizer=nf.adam(5e-3))
    assert nf.objectives.nll(flow, result.params, x) < first - 0.5
    layers = [seen for seen in seen_by(flow, result.params, x) if isinstance(seen[0], nf.BatchNorm)]
    assert len(layers) == 4
    for _, params, at in layers:
        mean, variance = stored(params)
        assert (onp.abs(mean - at.mean(axis=0)) < 0.15 * at.std(axis=0)).all()
        assert (onp.abs(variance / at.var(axis=0) - 1) < 0.3).all()
    for (_, before, _), (_, after, _) in zip(seen_by(flow, start, x), seen_by(flow, result.params, x), strict=True):
        if "fixed" in before:
            assert (stored(before)[1] != stored(after)[1]).all()


def test_the_density_of_a_trained_flow_is_one_and_does_not_depend_on_the_batch():
    x = nf.data.load("moons", n=1000).train
    flow = flow_with(nf.BatchNorm)
    params = nf.fit(flow, x, rng=rng(), steps=60, optimizer=nf.adam(5e-3)).params
    whole = flow.log_prob(params, x[:20])
    close(onp.concatenate([flow.log_prob(params, row[None]) for row in x[:20]]), whole, 1e-12)
    for finding in check.log_det_is_jacobian(flow.bijection, params["bijection"], rng().normal(size=(5, 2))):
        finding.raise_if_failed()


def test_a_chain_updates_each_batchnorm_with_what_arrives_there():
    x = rng().normal(size=(100, 2)) * [2.0, 9.0] + 4.0
    chain = nf.Chain([nf.BatchNorm(2, 0.0), nf.Reverse(2), nf.BatchNorm(2, 0.0)])
    assert chain.updates
    params = chain.update(chain.init(rng()), x)
    close(stored(params[2])[0], x.mean(axis=0), 1e-12)
    close(stored(params[0])[0], x.mean(axis=0)[::-1], 1e-4)  # its x passed the last layer as that was before


def test_batchnorm_cannot_be_turned_around():
    """Its running statistics would be of its own output, and chase themselves."""
    inside = nf.Chain([nf.ActNorm(2), nf.Chain([nf.BatchNorm(2), nf.Reverse(2)])])
    for layer in (nf.BatchNorm(2), inside):
        with pytest.raises(ValueError, match=rf"statistics are of x.*; got {type(layer).__name__}\. Use ActNorm"):
            nf.Inverse(layer)
    with pytest.raises(ValueError, match="got Chain"):
        nf.Inverse(nf.Chain([nf.Inverse(nf.ActNorm(2)), nf.BatchNorm(2)]))
    nf.Inverse(nf.Chain([nf.ActNorm(2), nf.Reverse(2)]))


def test_running_statistics_see_the_jitter_that_the_loss_sees():
    """On whole numbers with jitter U[0, 1) the mean that a batch norm learns is of x + 1/2, not of x."""
    x = rng().integers(0, 4, size=(400, 2)).astype(float)
    flow = nf.Flow(nf.StandardNormal(2), nf.BatchNorm(2, momentum=0.5))
    result = nf.fit(flow, x, rng=rng(), jitter=1.0, validation=None, steps=40, batch_size=400, progress=False)
    mean = result.params["bijection"]["fixed"]["mean"]
    assert onp.abs(mean - x.mean(axis=0) - 0.5).max() < 0.05
