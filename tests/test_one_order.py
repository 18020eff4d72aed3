"""An estimator's fit is that of a set of rows: of any order, and with whole weights that of the rows repeated."""

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch.sklearn import ConditionalFlowDensity, FlowDensity
from nfscratch.sklearn.one_order import in_one_order

RNG = onp.random.default_rng(0)
X, CONTEXT, WEIGHTS = RNG.normal(size=(60, 2)), RNG.normal(size=(60, 1)), RNG.integers(0, 4, 60)
SMALL = {"layers": 2, "hidden": (8,), "steps": 5, "random_state": 0}


def density(x, weights=None):
    return FlowDensity(**SMALL).fit(x, sample_weight=weights).score_samples(X)


def conditional(rows, weights=None):
    return ConditionalFlowDensity(**SMALL).fit(CONTEXT[rows], X[rows], weights).predict(CONTEXT)


@pytest.mark.filterwarnings("ignore:no step made the validation better")
def test_the_order_of_rows_makes_no_difference():
    onp.testing.assert_array_equal(density(X), density(X[::-1].copy()))
    onp.testing.assert_array_equal(conditional(onp.arange(60)), conditional(RNG.permutation(60)))


@pytest.mark.filterwarnings("ignore:no step made the validation better")
@pytest.mark.filterwarnings("ignore:x. .* rows are copies")
def test_whole_weights_are_repeated_rows():
    rows = RNG.permutation(onp.repeat(onp.arange(60), WEIGHTS))
    onp.testing.assert_array_equal(density(X, WEIGHTS), density(X[rows]))
    onp.testing.assert_array_equal(conditional(onp.arange(60), WEIGHTS), conditional(rows))


@pytest.mark.filterwarnings("ignore:no step made the validation better")
def test_of_weights_no_one_is_told_that_rows_are_copies():
    density(X, WEIGHTS)  # warnings are errors


def test_equal_weights_say_nothing_and_others_stay_weights():
    assert in_one_order(X, None, onp.full(60, 3.0))[1] is None
    rows, weights = in_one_order(X, None, onp.arange(60) / 7)
    onp.testing.assert_array_equal(weights, rows / 7)
    assert len(rows) == 59
    assert len(in_one_order(X, None, onp.arange(60) * 10_000)[0]) == 59


@pytest.mark.filterwarnings("ignore:no step made the validation better")
def test_messages_call_a_row_by_its_place_in_x():
    x = X.copy()
    x[17, 1] = 1e6
    with pytest.warns(UserWarning, match="row 17 has"):
        FlowDensity(**SMALL).fit(x)


def test_numbers_must_be_one_for_each_row():
    with pytest.raises(ValueError, match="numbers must have one whole number for each of the 60 rows"):
        nf.fit(nf.flows.linear(2), X, rng=0, numbers=onp.arange(59))
