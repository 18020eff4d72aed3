"""What a flow takes from data follows the weights of the rows: scales, correlations and the scale of the context."""

import warnings

import numpy as onp
import pytest
from fitting import rng
from interrupted import same
from strict import StrictArray

import nfscratch as nf
from nfscratch.training import row_weights
from nfscratch.training.held_out import Rows

X = rng(1).normal(size=(80, 3)) @ [[1.0, 0.9, 0.0], [0.0, 0.5, 0.3], [0.0, 0.0, 1.0]] * [2.0, 1.0, 5.0]
CONTEXT = rng(2).exponential(size=(80, 2)) * [1.0, 100.0]
COUNTS = rng(3).integers(0, 4, size=80)
FAR = onp.concatenate([X, onp.full((5, 3), 1e9)]), onp.concatenate([CONTEXT, onp.full((5, 2), -1e9)])


def flow(standardize="moments"):
    return nf.flows.maf(3, layers=1, hidden=(4,), context_dim=2, standardize=standardize)


def first_parameters(x, context, weights=None, standardize="moments", **options):
    """Those with which a fit begins: step 0 is the first evaluation."""
    seen = []
    options = {"validation": (X[:9], CONTEXT[:9]), "callback": lambda e: seen.append(e.params) or True} | options
    nf.fit(flow(standardize), x, rng=0, context=context, weights=weights, progress=False, **options)
    return seen[0]


def fixed(params):
    """Mean and std of Standardize, mean, std, L and a of Whiten, mean and std of the context."""
    whitening, *_, scale = (layer["fixed"] for layer in (params["bijection"][0], params["bijection"][-1]))
    return [scale["mean"], scale["std"], *whitening.values(), *params["embed"]["fixed"].values()]


def close(a, b, **tolerance):
    for one, other in zip(fixed(a), fixed(b), strict=True):
        onp.testing.assert_allclose(one, other, **tolerance)


@pytest.mark.parametrize("standardize", ["moments", "robust"])
@pytest.mark.parametrize("unit", [1.0, 0.07, 1e-200])
def test_integer_weights_start_a_flow_as_repeated_rows_do(standardize, unit):
    weighted = first_parameters(X, CONTEXT, unit * COUNTS, standardize)
    repeated = first_parameters(onp.repeat(X, COUNTS, axis=0), onp.repeat(CONTEXT, COUNTS, axis=0), None, standardize)
    close(weighted, repeated, rtol=1e-9, atol=1e-12)
    unweighted = first_parameters(X, CONTEXT, None, standardize)
    for k in (0, 1, 3, 6, 7):  # means, stds and L; after Standardize, Whiten's own are 0 and 1
        assert not onp.allclose(fixed(weighted)[k], fixed(unweighted)[k], rtol=1e-3)


@pytest.mark.filterwarnings("ignore:no step made the validation better")
def test_rows_of_weight_0_change_no_bit_of_a_fit_however_far_they_lie():
    weights = rng(4).random(80)
    options = {"rng": 0, "steps": 15, "progress": False, "evaluate_every": 5}
    alone = nf.fit(flow(), X, context=CONTEXT, weights=weights, **options)
    beside = nf.fit(flow(), FAR[0], context=FAR[1], weights=[*weights, *onp.zeros(5)], **options)
    assert same(alone.params, beside.params) and alone.history == beside.history


@pytest.mark.filterwarnings("ignore:no step made the validation better")
def test_rows_of_weight_0_change_nothing_of_a_given_validation_in_float32():
    options = {"rng": 0, "steps": 5, "progress": False, "evaluate_every": 5}
    nf.use(dtype="float32")
    try:
        alone = nf.fit(flow(), X, context=CONTEXT, validation=(X, CONTEXT), **options)
        weights = [1.0] * 80 + [0.0] * 5
        beside = nf.fit(flow(), FAR[0], context=FAR[1], weights=weights, validation=(*FAR, weights), **options)
    finally:
        nf.use(dtype="float64")
    onp.testing.assert_allclose(alone.history["validation"], beside.history["validation"], rtol=1e-6)


@pytest.mark.parametrize("standardize", ["moments", "robust"])
def test_weights_that_are_no_multiples_give_the_weighted_moments_up_to_a_small_part_of_their_error(standardize):
    """Of N rows a mean is known to std / sqrt(N); 640 copies of 80 rows lose a few hundredths of that."""
    weights = rng(5).exponential(size=80)
    scale = first_parameters(X, CONTEXT, weights, standardize)["bijection"][-1]["fixed"]
    mean = onp.average(X, axis=0, weights=weights)
    std = onp.sqrt(onp.average((X - mean) ** 2, axis=0, weights=weights))
    if standardize == "robust":
        mean, std = weighted_quantiles(weights)
    assert (onp.abs(scale["mean"] - mean) < 0.05 * std).all() and (onp.abs(scale["std"] / std - 1.0) < 0.05).all()


def weighted_quantiles(weights):
    low, middle, high = (
        [column[onp.searchsorted(onp.cumsum(w) / w.sum(), q)] for column, w in sorted_columns(weights)]
        for q in (0.158655, 0.5, 0.841345)
    )
    return onp.array(middle), (onp.array(high) - low) / 2


def sorted_columns(weights):
    for column in X.T:
        order = onp.argsort(column)
        yield column[order], weights[order]


@pytest.mark.parametrize("n", [7, 300, 30_000])
def test_each_row_is_copied_as_often_as_its_weight_says_rounded_up_or_down(n):
    weights = rng(6).exponential(size=n)
    rows = row_weights.copies(weights)
    wanted = weights / weights.sum() * len(rows)
    assert len(rows) == max(n, min(8 * n, 20_000))
    assert (onp.abs(onp.bincount(rows, minlength=n) - wanted) < 1.0).all()


def test_weights_that_alternate_are_not_rounded_in_step_with_each_other():
    """Rounded in the order of the rows, each weight of 1.4 would be 1 and each of 1.6 would be 2."""
    rows = row_weights.copies(onp.tile([1.4, 1.6], 20_000))
    assert onp.mean(rows % 2 == 0) == pytest.approx(1.4 / 3.0, abs=0.01)


@pytest.mark.parametrize("weights", [[1.0, 1e-320, 2.0], [1e308, 1e308, 1.0], [1.0, 1.0, 1e9]])
def test_weights_of_any_size_are_shares(weights):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rows = row_weights.copies(onp.array(weights))
    shares = onp.array(weights) / max(weights)
    onp.testing.assert_allclose(
        onp.bincount(rows, minlength=3) / len(rows), shares / shares.sum(), atol=1.0 / len(rows)
    )


def test_equal_weights_are_none():
    given = Rows(X, CONTEXT, onp.full(80, 0.3), onp.arange(80))
    assert given.copied() is given
    assert same(first_parameters(X, CONTEXT, onp.full(80, 0.3)), first_parameters(X, CONTEXT))


def test_copies_of_a_row_are_no_held_out_rows_of_it():
    """Four copies of 40 rows of 20 columns: were a row's copies in both parts, no share of the identity would win."""
    few = rng(7).normal(size=(40, 20))
    copies = onp.repeat(few, 4, axis=0)
    carried = copies * (1.0 + 1e-12 * rng(8).normal(size=copies.shape))  # with the rounding of a layer
    for x in (few, copies, carried):
        params = nf.Whiten(20).init(rng(), x)
        assert nf.Whiten(20).taken(params).share > 0.3


def test_a_few_rows_repeated_are_few_rows():
    few = rng(7).normal(size=(4, 4))
    assert nf.Whiten(4).taken(nf.Whiten(4).init(rng(), onp.repeat(few, 50, axis=0))).kind == "diagonal"


def test_jitter_is_drawn_once_for_all_copies_of_a_row():
    """So that copies agree, and no copy of a row that was seen is taken for one that was not."""
    few, weights = onp.rint(3.0 * rng(9).normal(size=(30, 3))), rng(10).random(30)
    context = CONTEXT[:30]
    params = first_parameters(few, context, weights, jitter=1.0, validation=(few, context))
    mean = params["bijection"][-1]["fixed"]["mean"]
    noise = rng(0).random((30, 3))  # the first numbers of the seed, where nothing is held out
    copied = (few + noise)[row_weights.copies(weights)]
    onp.testing.assert_allclose(mean, copied.mean(axis=0), rtol=1e-12)


def test_a_row_of_little_weight_does_not_decide_a_scale_and_is_not_accused():
    far = onp.concatenate([X, [[0.0, -9999.0, 0.0]]])
    context = onp.concatenate([CONTEXT, CONTEXT[:1]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first_parameters(far, context, [1.0] * 80 + [1e-9])
    with pytest.warns(UserWarning, match="x: a few rows decide the scale of column 1: row 80 has -9999"):
        first_parameters(far, context, [1.0] * 80 + [0.9])


def test_a_base_that_looks_at_data_sees_the_copies():
    class Looking(nf.StandardNormal):
        def init(self, rng, z=None, context=None):
            SEEN.append(len(z))
            return super().init(rng)

    SEEN = []
    looking = nf.Flow(Looking(3), nf.Standardize(3))
    nf.fit(looking, X, rng=0, weights=1.0 + COUNTS, steps=1, validation=None, progress=False)
    assert SEEN == [(1 + COUNTS).sum()]


def test_a_row_of_weight_0_does_not_hide_that_float32_cannot_hold_the_others():
    seconds = onp.append(1.7e9 + rng(11).normal(size=80) * 10.0, 0.0)[:, None]
    nf.use(dtype="float32")
    try:
        with pytest.raises(ValueError, match="its values cannot be told apart"):
            nf.fit(nf.flows.maf(1), seconds, rng=0, weights=[1.0] * 80 + [0.0], progress=False)
    finally:
        nf.use(dtype="float64")


def test_running_statistics_follow_the_weights_too():
    """The parameters are given, so that nothing but the updates moves the mean from 0."""
    batch_norm = nf.Flow(nf.StandardNormal(3), nf.BatchNorm(3, momentum=0.5))
    weights = onp.where(X[:, 0] > 0.0, 10.0, 1.0)
    options = {"params": batch_norm.init(rng()), "rng": 0, "steps": 40, "batch_size": 80, "optimizer": nf.adam(1e-12)}
    for given in (weights, None):
        result = nf.fit(batch_norm, X, weights=given, validation=None, progress=False, **options)
        mean = result.params["bijection"]["fixed"]["mean"]
        onp.testing.assert_allclose(mean, onp.average(X, axis=0, weights=given), atol=1e-9)


@pytest.mark.filterwarnings("ignore:no step made the validation better")
def test_weights_with_zeros_are_followed_on_a_device_as_well():
    weights = [*rng(4).random(80), *onp.zeros(5)]
    options = {"rng": 0, "steps": 4, "progress": False, "weights": weights, "validation": (*FAR, weights)}
    here = nf.fit(flow(), FAR[0], context=FAR[1], **options)
    nf.backend.use_arrays_like(StrictArray(onp.empty(0)))
    try:
        there = nf.fit(flow(), FAR[0], context=FAR[1], **options)
        on_device = nf.fit(flow(), StrictArray(FAR[0]), context=StrictArray(FAR[1]), **options)
    finally:
        nf.backend.use_arrays_like(onp.empty(0))
    for result in (there, on_device):
        assert onp.abs(onp.subtract(here.history["validation"], result.history["validation"])).max() < 1e-9
