"""Simulation-based calibration: where the true theta stands among draws from the posterior of its data.

    theta_n ~ p(theta),  x_n ~ p(x | theta_n),  draws l = 1 ... L from q(theta | x_n)
    rank_nd = #{l : draw_nld < theta_nd},     one of 0 ... L                                                       (1)

If q is the posterior, theta_n and the draws of x_n have one law and could be exchanged, so each rank is equally likely.
Draws that are too narrow make ranks pile up at both ends; too wide, in the middle; shifted, at one end.
Talts et al. 2018, arXiv:1804.06788.

The test. L + 1 ranks go into B bins, rank r into bin floor(r B / (L + 1)). Bin b holds k_b of the ranks, B of them
adding up to L + 1, and where B does not divide L + 1 they differ, so the expected count is exactly N k_b / (L + 1):

    chi^2 = sum_b (count_b - N k_b / (L + 1))^2 / (N k_b / (L + 1)),      about chi-square with B - 1 degrees        (2)

What it cannot see: q(theta | x) = p(theta), the prior itself, has uniform ranks for every x.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import chi2

from nfscratch import backend, validate
from nfscratch.evaluate.checked_draws import pairs

MOST_BINS = 20
EXPECTED = 10  # in a bin at least, on average: chi-square's law is that of many


def sbc_ranks(theta: Any, draws: Any) -> np.ndarray:
    """(1): theta (N, D), draws (N, L, D) -> whole numbers from 0 to L, (N, D)."""
    theta, draws = pairs(theta, draws)
    return (draws < theta[:, None, :]).sum(axis=1)


def sbc_test(ranks: Any, n_draws: int, *, bins: int | None = None) -> np.ndarray:
    """p-values of (2), (D,): one for each variable. Below .05, its ranks are not uniform, at the level of 5 %.

    ranks: of `sbc_ranks`, (N, D). n_draws: L. bins: B; default 20, or fewer where a bin would expect fewer than 10.
    With D variables, one of D p-values is below .05 / D by chance in 5 % of all tests (Bonferroni).
    """
    L = validate.count("n_draws", n_draws, least=1)
    ranks = _checked(ranks, L)
    N = len(ranks)
    B = max(2, min(MOST_BINS, L + 1, N // EXPECTED)) if bins is None else validate.count("bins", bins, least=2)
    if B > L + 1:
        raise ValueError(f"bins must be at most n_draws + 1, the number of ranks; got {B} bins and {L} draws")
    expected = N * np.bincount(_bin(np.arange(L + 1), L, B), minlength=B) / (L + 1)
    counts = np.stack([np.bincount(column, minlength=B) for column in _bin(ranks, L, B).T])
    return chi2.sf(((counts - expected) ** 2 / expected).sum(axis=1), B - 1)


def _bin(ranks, L, B):
    return ranks * B // (L + 1)


def _checked(ranks, L):
    ranks = np.asarray(backend.to_numpy(validate.numeric("ranks", ranks)))
    if ranks.ndim != 2 or 0 in ranks.shape:
        raise ValueError(f"ranks must have shape (N, D), one row for each simulation; got {ranks.shape}")
    validate.finite("ranks", ranks)
    if (ranks != np.floor(ranks)).any() or ranks.min() < 0 or ranks.max() > L:
        raise ValueError(
            f"ranks must be whole numbers from 0 to n_draws, {L}; got values from {ranks.min()} to {ranks.max()}"
        )
    return ranks.astype(int)
