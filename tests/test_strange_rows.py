"""Typicality and likelihood ratios: Gaussians, where every number is known."""

import numpy as np
import pytest
from scipy.stats import chi2
from strict import StrictArray

from nfscratch.evaluate import auroc, likelihood_ratio, typicality


def rng(seed=0):
    return np.random.default_rng(seed)


def log_p(x, scale=1.0):
    """Of N(0, scale^2 I)."""
    D = x.shape[1]
    return -0.5 * (x**2).sum(axis=1) / scale**2 - D * np.log(scale) - 0.5 * D * np.log(2 * np.pi)


# --- typicality ---


def test_typicality_by_hand():
    np.testing.assert_allclose(typicality([-3.0, -5.0, -4.0], [-3.0, -5.0]), [1.0, 1.0, 0.0])
    np.testing.assert_allclose(typicality([[-3.0, -5.0], [-9.0, -9.0]], [-3.0, -5.0]), [0.0, 5.0])
    assert typicality([-np.inf], [-1.0]) == np.inf


def test_the_densest_point_is_strange_to_a_gaussian_of_many_variables():
    """At 0, -log p is D / 2 below the entropy; draws scatter about it by sqrt(D / 2)."""
    D, x = 100, rng().normal(size=(2000, 100))
    score = typicality(log_p(np.zeros((1, D))), log_p(x))
    assert score == pytest.approx(D / 2, abs=3 * (D / 2 / 2000) ** 0.5)
    assert score > typicality(log_p(rng(1).normal(size=(2000, D))), log_p(x)).max()


def test_rows_that_are_too_likely_score_low_by_density_and_high_by_typicality():
    """Inside N(0, I), outside N(0, s^2 I): |x|^2 is chi^2, so the area under the curve of -log p is known."""
    D, s = 20, 0.7
    inside, outside, train = (scale * rng(k).normal(size=(1000, D)) for k, scale in enumerate((1.0, s, 1.0)))
    by_density = auroc(-log_p(inside), -log_p(outside))
    u = (np.arange(20_000) + 0.5) / 20_000
    expected = chi2.cdf(s**2 * chi2.ppf(u, D), D).mean()
    assert abs(by_density.mean - expected) < 3 * by_density.error and expected < 0.1
    assert auroc(typicality(log_p(inside), log_p(train)), typicality(log_p(outside), log_p(train))).mean > 0.8


def test_a_batch_is_told_apart_where_single_rows_are_not():
    inside, outside, train = (s * rng(k).normal(size=(1000, 10)) for k, s in enumerate((1.0, 0.85, 1.0)))
    H = log_p(train)
    one = auroc(typicality(log_p(inside), H), typicality(log_p(outside), H))
    batches = [typicality(log_p(x).reshape(-1, 20), H) for x in (inside, outside)]
    assert one.mean < 0.6 and auroc(*batches).mean > 0.9


# --- likelihood ratio ---


def test_the_ratio_takes_the_background_away():
    """x_1 tells outside from inside; x_2 ... x_50 are background, whose scale varies from row to row."""
    noise = rng(1).normal(size=(2000, 50)) * rng(2).uniform(0.5, 1.5, size=(2000, 1))
    noise[1000:, 0] = 3 + rng(3).normal(size=1000)
    p, p_0 = log_p(noise), log_p(noise[:, 1:]) + log_p(noise[:, :1], 3.0)
    assert auroc(-p[:1000], -p[1000:]).mean < 0.65
    ratio = -likelihood_ratio(p, p_0)
    assert auroc(ratio[:1000], ratio[1000:]).mean > 0.9


def test_the_ratio_is_in_nats_and_high_inside():
    np.testing.assert_array_equal(likelihood_ratio([-1.0, -np.inf], [-4.0, -2.0]), [3.0, -np.inf])


def test_device_arrays_are_taken():
    a, b = rng(1).normal(size=(2, 10))
    assert (typicality(StrictArray(a), StrictArray(b)) == typicality(a, b)).all()
    assert (likelihood_ratio(StrictArray(a), StrictArray(b)) == likelihood_ratio(a, b)).all()


# --- what is refused ---


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: typicality([0.0], []), ValueError, "log_p_train must have one number for each row"),
        (lambda: typicality([0.0], [-np.inf, 0.0]), ValueError, "log_p_train must be finite; NaN or infinity in row 0"),
        (lambda: typicality([0.0, np.nan], [0.0]), ValueError, "log_p must be numbers, .*; got NaN in row 1"),
        (lambda: typicality([-np.inf, np.nan], [0.0]), ValueError, "got NaN in row 1"),
        (lambda: typicality([[0.0], [np.inf]], [0.0]), ValueError, "log_p must be finite or -inf; got inf in row 1"),
        (lambda: typicality(0.0, [0.0]), ValueError, r"log_p must have shape \(N,\), or \(N, M\) .*; got \(\)"),
        (lambda: typicality(np.zeros((3, 0)), [0.0]), ValueError, r"log_p must have shape .* got \(3, 0\)"),
        (lambda: typicality([1j], [0.0]), TypeError, "log_p must be an array of real numbers"),
        (lambda: likelihood_ratio([0.0, 1.0], [0.0]), ValueError, "must be of the same rows; got 2 and 1 numbers"),
        (lambda: likelihood_ratio([0.0], [-np.inf]), ValueError, "log_p_background must be finite"),
        (lambda: likelihood_ratio([np.nan], [0.0]), ValueError, "log_p must be numbers, .*; got NaN in row 0"),
    ],
)
def test_what_is_no_log_density_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
