"""Pareto smoothed importance sampling: tails whose k is known, the values of another library, and edges."""

import numpy as np
import pytest

import nfscratch as nf
from nfscratch.evaluate.psis import generalised_pareto, psis, reliable_below

# seed, n, tail index or None for log-normal weights: k_hat and the largest smoothed, normalised log-weight of ArviZ
# 0.23.4's psislw
ARVIZ = [
    (0, 1000, None, 0.5771155055423353, -3.2837314070271897),
    (1, 4000, None, 0.5847966393101833, -3.8148140312580763),
    (2, 100, None, 0.5121133341675972, -1.9852381012183258),
    (3, 1000, 1.5, 0.7970914882386694, -3.429307447939905),
    (4, 50, None, 0.5140213295386136, -1.4981417990840336),
    (5, 333, None, 0.48147002723144333, -2.6605729893374765),
]


def log_weights(seed, n, tail):
    rng = np.random.default_rng(seed)
    return rng.normal(size=n) * 1.5 + 20 if tail is None else -np.log(rng.random(n)) / tail


@pytest.mark.parametrize(("seed", "n", "tail", "k", "largest"), ARVIZ)
def test_it_is_arvizs(seed, n, tail, k, largest):
    smoothed, k_hat = nf.evaluate.psis(log_weights(seed, n, tail))
    assert k_hat == pytest.approx(k, abs=1e-12)
    assert smoothed.max() - np.logaddexp.reduce(smoothed) == pytest.approx(largest, abs=1e-12)


@pytest.mark.parametrize("k", [-0.3, 0.0, 0.2, 0.5, 0.9, 1.4])
def test_the_fit_finds_the_tail_of_a_generalised_pareto_distribution(k):
    p = np.random.default_rng(0).random(20_000)
    t = np.sort(-np.log(p) if k == 0.0 else (p**-k - 1.0) / k) * 3.0
    found, sigma = generalised_pareto(t)
    assert abs(found - k) < 0.03 and abs(sigma / 3.0 - 1.0) < 0.05


@pytest.mark.parametrize("k", [0.3, 0.6, 1.2])
def test_k_hat_is_the_index_of_paretos_tail(k):
    log_w = -k * np.log(np.random.default_rng(1).random(100_000))
    error = (1 + k) / 949**0.5  # of the maximum of the likelihood, for the 949 weights of the tail
    assert abs(psis(log_w).k_hat - k) < 3 * error


def test_order_and_scale_stay_and_only_the_tail_moves():
    log_w = log_weights(0, 1000, None)
    smoothed, k_hat = psis(log_w)
    moved = smoothed != log_w
    assert 0 < moved.sum() <= np.ceil(3 * 1000**0.5) and log_w[moved].min() > np.quantile(log_w, 0.9)
    assert (np.argsort(smoothed[moved]) == np.argsort(log_w[moved])).all() or smoothed.max() == log_w.max()
    assert smoothed.max() <= log_w.max()
    again, same = psis(log_w - 5000.0)
    assert same == pytest.approx(k_hat, abs=1e-9) and np.allclose(again, smoothed - 5000.0, atol=1e-9)


def test_smoothing_steadies_the_mean_of_heavy_weights():
    """q = N(0, 1), p = N(0, 2.2^2): the weights' variance is infinite; their mean is 1."""
    errors = []
    for seed in range(200):
        x = np.random.default_rng(seed).normal(size=1000)
        log_w = 0.5 * x**2 * (1 - 1 / 2.2**2) - np.log(2.2)
        errors.append([np.exp(log_w).mean() - 1, np.exp(psis(log_w).log_weights).mean() - 1])
    raw, smoothed = np.sqrt(np.square(errors).mean(axis=0))
    assert smoothed < 0.8 * raw


def test_weights_that_have_no_tail_to_fit():
    assert psis(np.full(100, 3.0)).k_hat == -np.inf
    assert psis([1.0]).k_hat == -np.inf
    rounding = np.random.default_rng(0).standard_cauchy(1000) * 1e-14
    assert psis(-24.0 + np.clip(rounding, -1e-9, 1e-9)).k_hat == -np.inf
    assert psis(np.arange(12.0)).k_hat == np.inf
    few = np.full(100, -np.inf)
    few[:3] = 0.0, 1.0, 2.0
    assert psis(few).k_hat == np.inf and (psis(few).log_weights == few).all()
    half = np.r_[log_weights(0, 500, None), np.full(500, -np.inf)]
    assert np.isfinite(psis(half).k_hat) and np.isinf(psis(half).log_weights).sum() == 500


def test_the_caller_keeps_its_array_and_bad_weights_are_refused():
    log_w = log_weights(0, 1000, None)
    before = log_w.copy()
    psis(log_w)
    assert (log_w == before).all()
    for bad, words in [
        (np.zeros((3, 2)), r"must have shape \(S,\)"),
        ([], r"must have shape \(S,\)"),
        ([0.0, np.nan], "must not be NaN or \\+inf; got nan"),
        ([0.0, np.inf], "must not be NaN or \\+inf; got inf"),
        ([-np.inf] * 4, "must not all be -inf"),
    ]:
        with pytest.raises(ValueError, match=words):
            psis(bad)


def test_the_limit_grows_with_the_draws_up_to_seven_tenths():
    assert reliable_below(100) == pytest.approx(0.5)
    assert reliable_below(2200) == pytest.approx(0.7, abs=1e-3) and reliable_below(10**6) == 0.7
