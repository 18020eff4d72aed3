"""Means with their errors, paired differences, and AUROC with DeLong's error."""

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_auc_score
from strict import StrictArray

from nfscratch.evaluate import Estimate, auroc, mean_and_error, paired


def rng(seed=0):
    return np.random.default_rng(seed)


# --- mean and error ---


def test_mean_and_error_by_hand():
    assert mean_and_error([1.0, 2.0, 6.0]) == pytest.approx((3.0, (14 / 2) ** 0.5 / 3**0.5))
    assert mean_and_error([4.0]) == (4.0, np.inf)
    assert mean_and_error(StrictArray(np.array([1.0, 2.0, 6.0]))) == mean_and_error([1, 2, 6])


def test_the_error_is_the_spread_of_means():
    x = rng().exponential(size=(2000, 25))
    errors = [mean_and_error(row).error for row in x[:500]]
    assert np.square(errors).mean() ** 0.5 == pytest.approx(x.mean(axis=1).std(), rel=0.05)


def test_numbers_whose_squares_are_none_have_an_error_all_the_same():
    x = rng(1).normal(size=20)
    small, large = mean_and_error(x), mean_and_error(1e300 * x)
    np.testing.assert_allclose(large, np.array(small) * 1e300, rtol=1e-12)


def test_a_large_offset_costs_no_digits():
    x = np.round(rng().normal(size=100) * 2**10) / 2**10
    assert mean_and_error(x + 1e6).error == pytest.approx(mean_and_error(x).error, rel=1e-9)


@pytest.mark.parametrize(
    ("mean", "error", "text"),
    [
        (1.234, 0.0412, "1.23 ± .04"),
        (1.234, 0.0147, "1.234 ± .015"),
        (-1300.46, 1.7, "-1300.5 ± 1.7"),
        (-1311.24, 0.72, "-1311.2 ± .7"),
        (1234.5, 31.0, "1234 ± 31"),
        (0.5, 0.0, "0.5000 ± .0000"),
        (0.5, np.inf, "0.5000 ± inf"),
    ],
)
def test_an_estimate_prints_as_many_digits_as_its_error_has(mean, error, text):
    assert str(Estimate(mean, error)) == text == f"{Estimate(mean, error)}"


def test_an_estimate_prints_the_digits_that_are_asked_for():
    assert f"{Estimate(0.81234, 0.0123):.3f}" == "0.812 ± .012"


def test_paired_is_the_mean_of_differences():
    hard = 50 * rng(1).normal(size=400)
    a, b = hard + rng(2).normal(size=400), hard - 0.5
    found = paired(a, b)
    assert found == mean_and_error(a - b)
    assert found.error < 0.1 and mean_and_error(a).error > 2
    assert abs(found.mean - 0.5) < 3 * found.error


# --- AUROC ---


@pytest.mark.parametrize("d", [0.0, 0.5, 1.0, 2.5])
def test_auroc_of_two_gaussians_and_its_error(d):
    """N(0, 1) inside, N(d, 1) outside: Phi(d / sqrt 2). The error is the spread over repetitions."""
    r = rng([1, int(10 * d)])
    found = [auroc(r.normal(size=80), d + r.normal(size=120)) for _ in range(400)]
    means, errors = np.array(found).T
    close = mean_and_error(means)
    assert abs(close.mean - norm.cdf(d / 2**0.5)) < 3 * close.error
    assert np.square(errors).mean() ** 0.5 == pytest.approx(means.std(), rel=0.12)  # 400 spreads: 3.5 %


def test_auroc_and_its_error_by_hand():
    found = auroc([1.0, 2.0, 3.0], [2.0, 4.0])
    assert found == pytest.approx((0.75, (0.125 / 2 + 0.0625 / 3) ** 0.5))


def test_ties_count_one_half():
    inside, outside = rng(1).integers(0, 5, size=50), rng(2).integers(1, 6, size=70)
    labels, scores = np.repeat([0, 1], [50, 70]), np.r_[inside, outside]
    assert auroc(inside, outside).mean == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
    assert auroc([1, 1], [1, 1, 1]) == (0.5, 0.0)


def test_the_two_sides_exchanged_give_one_minus_it():
    inside, outside = rng(1).normal(size=30), rng(2).normal(size=20) + 1
    a, b = auroc(inside, outside), auroc(outside, inside)
    assert a.mean + b.mean == pytest.approx(1) and a.error == pytest.approx(b.error)


def test_only_the_order_counts_and_scores_may_be_infinite():
    inside, outside = rng(1).normal(size=30), rng(2).normal(size=20) + 1
    assert auroc(np.exp(inside), np.exp(outside)) == auroc(inside, outside)
    assert auroc([0.0, 1.0], [np.inf, np.inf]).mean == 1 and auroc([-np.inf, np.inf], [np.inf]).mean == 0.75
    assert auroc([0.0], [1.0, 2.0]) == (1.0, np.inf)
    assert auroc(StrictArray(inside), StrictArray(outside)) == auroc(inside, outside)


# --- what is refused ---


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: mean_and_error([]),
            ValueError,
            r"x must have one number .* \(N,\); got shape \(0,\)",
        ),
        (lambda: mean_and_error(np.zeros((3, 1))), ValueError, r"shape \(N,\); got shape \(3, 1\)"),
        (lambda: mean_and_error([1.0, np.nan]), ValueError, "x must be finite; NaN or infinity in row 1"),
        (lambda: mean_and_error([1j]), TypeError, "x must be an array of real numbers; got dtype complex128"),
        (lambda: paired([1.0, 2.0], [1.0]), ValueError, "must be of the same rows; got 2 and 1 numbers"),
        (lambda: paired([-np.inf], [0.0]), ValueError, "log_p_a must be finite"),
        (lambda: auroc([], [1.0]), ValueError, "inside must have one number for each row"),
        (
            lambda: auroc([1.0], [np.nan]),
            ValueError,
            "outside must be numbers, which may be infinite; got NaN in row 0",
        ),
    ],
)
def test_what_is_no_row_of_numbers_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
