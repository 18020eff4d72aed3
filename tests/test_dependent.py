"""Columns that other columns give, by a line or by a curve, are named by fit."""

import warnings

import numpy as onp
import pytest
from fitting import DATA, fit, rng

import nfscratch as nf
from nfscratch.training import curved, dependent

OPTIONS = {"steps": 2, "batch_size": 64}


def warned(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    return [str(warning.message) for warning in caught if "x: " in str(warning.message)]


# --- lines ---

BASE = rng(7).normal(size=(300, 4)) * [1.0, 100.0, 1e-6, 3.0] + [0.0, 1e4, 0.0, 5.0]
DEPENDENT = {
    "a copy": (BASE[:, 1], 1),
    "another unit": (BASE[:, 0] * 2.54 + 32.0, 0),
    "a sum": (BASE[:, 0] + BASE[:, 3], None),
    "a mean of all, signs mixed": (BASE @ [1.0, -0.01, 2e6, 0.5], None),
    "the last of shares that sum to one": (1.0 - BASE[:, 0] - BASE[:, 3], None),
}
INDEPENDENT = {
    "noise of a thousandth": BASE[:, 0] + 1e-3 * rng(8).normal(size=300),
    "a square": BASE[:, 0] ** 2,
    "a sum, rounded": (BASE[:, 0] + BASE[:, 3]).round(2),
    "a constant": onp.full(300, 7.0),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", DEPENDENT)
def test_a_column_that_others_give_is_found_in_any_unit(name, dtype):
    column, of = DEPENDENT[name]
    x = onp.column_stack([BASE, column, rng(9).normal(size=300)])
    for unit in (1.0, 1e-18, 1e15):
        assert dependent.dependent_columns((x * unit).astype(dtype)) == {4: of}


@pytest.mark.parametrize("name", INDEPENDENT)
def test_a_column_that_is_nearly_given_is_not_named(name):
    assert dependent.dependent_columns(onp.column_stack([BASE, INDEPENDENT[name]])) == {}


def test_with_fewer_rows_than_columns_copies_alone_are_found():
    x = rng(1).normal(size=(8, 20))
    assert dependent.dependent_columns(x) == {}
    x[:, 7] = 3 * x[:, 2] - 1
    assert dependent.dependent_columns(x) == {7: 2}


def test_fit_names_the_columns_and_its_remedy_silences_it():
    x = onp.tile(rng(1).normal(size=(400, 2)), 12)
    texts = warned(lambda: fit(x, nf.flows.real_nvp(24, layers=2, hidden=(8,)), **OPTIONS))
    (message,) = [text for text in texts if "linear function" in text]
    start = "x: column 2 is a linear function of column 0, column 3 is a linear function of column 1, column 4"
    assert message.startswith(start) and "and 19 more" in message
    columns = message.split("numpy.delete(x, [")[1].split("]")[0]
    assert columns.startswith("2, 3, 4, 5")
    kept = onp.delete(x, list(range(2, 24)), axis=1)
    assert not warned(lambda: fit(kept, nf.flows.real_nvp(2, layers=2, hidden=(8,)), **OPTIONS))


def test_of_a_handful_of_rows_nothing_is_said():
    x = onp.array([[1.0, 2.0, 5.0], [3.0, 7.0, 1.0]])
    assert not warned(lambda: fit(x, nf.flows.linear(3), steps=1, validation=None))


def test_columns_with_noise_of_their_own_are_not_dependent():
    x = onp.column_stack([DATA, DATA[:, 0]])
    flow = nf.flows.linear(3)
    assert any("linear function" in text for text in warned(lambda: fit(x, flow, jitter=[0.1, 0.1, 0], **OPTIONS)))
    assert not warned(lambda: fit(x, flow, jitter=[0, 0, 0.1], **OPTIONS))


# --- curves ---

POSITIVE, OTHER = onp.exp(rng(1).normal(size=400)), rng(2).gamma(3.0, size=400) + 0.2
SIGNED = rng(3).normal(size=400)
RANK = SIGNED.argsort().argsort()
THREE = onp.column_stack([POSITIVE, OTHER, SIGNED])
GIVEN = {
    "a logarithm": (onp.log(POSITIVE), "a smooth function of column 0"),
    "a reciprocal": (1 / POSITIVE, "a smooth function of column 0"),
    "a square": (SIGNED**2, "a smooth function of column 2"),
    "a wave": (onp.sin(3 * SIGNED), "a smooth function of column 2"),
    "a probability": (1 / (1 + onp.exp(-SIGNED)), "a smooth function of column 2"),
    "a rank": (RANK, "a monotone function of column 2"),
    "a rank from above": (-POSITIVE.argsort().argsort(), "a monotone function of column 0"),
    "a ratio": (POSITIVE / OTHER, "a function of columns 0 and 1"),
    "a product": (POSITIVE * OTHER, "a function of columns 0 and 1"),
    "weight and height": (POSITIVE / OTHER**2, "a function of columns 0 and 1"),
    "three of them": (POSITIVE * SIGNED / OTHER, "a function of columns 0, 1 and 2"),
}
NOT_GIVEN = {
    "noise of a thousandth": onp.log(POSITIVE) + 1e-3 * rng(4).normal(size=400),
    "a ratio, rounded": (POSITIVE / OTHER).round(2),
    "a ratio with noise": POSITIVE / OTHER * (1 + 1e-4 * rng(4).normal(size=400)),
    "half of it": onp.where(SIGNED > 0.1, onp.log(POSITIVE), rng(4).normal(size=400)),
    "zeros, and noise above": onp.where(SIGNED < -0.1, 0.0, rng(4).normal(size=400)),
    "its group": onp.floor(POSITIVE),
    "a line that dependent_columns names": 2 * SIGNED + 1,
    "a constant": onp.ones(400),
    "a rank, with one value twice": onp.where(RANK == 200, 199, RANK),
    "a rank from above, with one value twice": -onp.where(RANK == 200, 199, RANK),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", GIVEN)
def test_a_column_that_a_curve_gives_is_found_in_any_unit_and_any_order_of_the_rows(name, dtype):
    column, what = GIVEN[name]
    x = onp.column_stack([THREE, column])
    for unit in ([1.0, 1.0, 1.0, 1.0], [1e-30, 1e3, 7.0, 1e30]):
        assert curved.curved_columns((x[::-1] * unit).astype(dtype)) == {3: what}


@pytest.mark.parametrize("name", NOT_GIVEN)
def test_a_column_that_no_curve_gives_is_not_named(name):
    x = onp.column_stack([THREE, NOT_GIVEN[name]])
    assert curved.curved_columns(x, without=dependent.dependent_columns(x)) == {}


@pytest.mark.parametrize("seed", range(20))
def test_few_rows_and_many_columns_are_not_called_dependent(seed):
    for shape in ((8, 3), (15, 3), (20, 12), (60, 40)):
        assert curved.curved_columns(onp.exp(rng(seed).normal(size=shape))) == {}


@pytest.mark.parametrize(("dtype", "mean"), [("float64", 1e13), ("float64", 1e11), ("float32", 1e5), ("float32", 1e4)])
def test_a_column_that_lies_far_from_0_is_not_called_dependent(dtype, mean):
    x = (rng(6).normal(size=(300, 3)) + [0.0, mean, -mean]).astype(dtype)
    assert curved.curved_columns(x) == {}


def test_two_series_that_rise_together_for_nineteen_rows_may_do_so_by_chance():
    rising = onp.cumsum(rng(5).random((19, 2)), axis=0)
    assert curved.curved_columns(rising) == {}


def test_equal_values_of_a_column_must_give_equal_values():
    some_twice = onp.concatenate([SIGNED[:300], SIGNED[:100]])
    square = some_twice**2
    assert curved.curved_columns(onp.column_stack([some_twice, square])) == {1: "a smooth function of column 0"}
    square[7] += 1.0
    assert curved.curved_columns(onp.column_stack([some_twice, square])) == {}


def test_a_column_of_few_values_is_looked_at_too():
    ten_times = onp.repeat(POSITIVE[:40], 10)
    x = onp.column_stack([ten_times, OTHER, onp.log(ten_times)])
    assert curved.curved_columns(x) == {2: "a function of column 0"}


def test_the_later_of_two_columns_is_named_and_one_of_each_stays():
    x = onp.column_stack([POSITIVE**2, POSITIVE, SIGNED, onp.log(POSITIVE)])
    assert curved.curved_columns(x) == dict.fromkeys((1, 3), "a smooth function of column 0")


def test_fit_names_both_kinds_and_its_remedy_silences_it():
    x = onp.column_stack([THREE, onp.log(POSITIVE), OTHER + SIGNED, POSITIVE / OTHER])
    flow = nf.flows.linear
    (message,) = warned(lambda: fit(x, flow(6), **OPTIONS))
    assert message.startswith(
        "x: column 4 is a linear function of the columns before it, column 3 is a smooth function of column 0, "
        "column 5 is a function of columns 0 and 1. x lies on a surface of fewer dimensions, where its density has no "
    )
    assert message.endswith("numpy.delete(x, [3, 4, 5], axis=1)")
    assert not warned(lambda: fit(onp.delete(x, [3, 4, 5], axis=1), flow(3), **OPTIONS))
    assert not warned(lambda: fit(x, flow(6), jitter=[0, 0, 0, 0.1, 0.1, 0.1], **OPTIONS))
    assert not warned(lambda: fit(x[:, [0, 2, 3]], flow(3), jitter=[0.1, 0, 0], **OPTIONS))
