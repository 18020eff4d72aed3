"""Pareto smoothed importance sampling (Vehtari, Simpson, Gelman, Yao and Gabry 2024, JMLR 25(72), arXiv:1507.02646).

Draws x_i of q, weights w_i = p(x_i) / q(x_i). Their mean estimates the evidence, and its error is that of the largest
weights. Above a threshold u the weights follow, nearly, a generalised Pareto distribution

    P(w - u <= t) = 1 - (1 + k t / sigma)^(-1/k)                                                                   (1)

which has a finite variance for k < 1/2 and a finite mean for k < 1. u is the (M + 1)-th largest of S weights,
M = min(S / 5, 3 sqrt(S)). k and sigma are fitted to the M largest (generalised_pareto), and those are replaced by what
(1) has at the probabilities (i - 1/2) / M, i = 1 to M, and not more than the largest of all.

k_hat, the fitted k, says how far to trust the draws: below min(1 - 1 / log10 S, 0.7) (reliable_below) the estimates
that take these weights are good; above it q misses parts of p, and more draws help little; above 1 they cannot help.
"""

from __future__ import annotations

from math import inf
from typing import NamedTuple

import numpy as np

from nfscratch import backend, validate

EQUAL = 1e-9  # weights that differ by so little differ by rounding alone
SHORTEST = 5  # a tail of fewer weights says nothing


class Smoothed(NamedTuple):
    """What `psis` returns."""

    log_weights: np.ndarray
    k_hat: float


def psis(log_weights: np.ndarray) -> Smoothed:
    """Smoothed log-weights (S,), in the order and on the scale of `log_weights` (S,), and k_hat.

    A log-weight of -inf is a weight of 0. k_hat is inf where the tail is too short to fit, as it is for fewer than 21
    weights, and -inf where all weights are equal, but for rounding.
    Raises ValueError for NaN, +inf, another shape, or weights that are all 0.
    """
    log_w = _checked(log_weights)
    top = log_w.max()
    order = np.argsort(log_w, kind="stable")
    M = int(np.ceil(min(0.2 * len(log_w), 3.0 * len(log_w) ** 0.5)))
    if top - log_w.min() <= EQUAL * max(1.0, abs(top)):
        return Smoothed(log_w, -inf)
    if M >= len(log_w):
        return Smoothed(log_w, inf)
    w = np.exp(log_w[order] - top)
    cut, tail = w[-M - 1], w[-M:]
    if M < SHORTEST or not (tail > cut).sum() >= SHORTEST:
        return Smoothed(log_w, inf)
    k, sigma = generalised_pareto(tail - cut)
    smoothed = log_w.copy()
    with np.errstate(divide="ignore"):
        log_tail = np.log(cut + _quantile((np.arange(M) + 0.5) / M, k, sigma))
    smoothed[order[-M:]] = np.minimum(log_tail, 0.0) + top
    return Smoothed(smoothed, float(k))


def reliable_below(n: int) -> float:
    """The k_hat up to which estimates from n weights are good."""
    return float(min(1.0 - 1.0 / np.log10(max(n, 11)), 0.7))


def generalised_pareto(t: np.ndarray) -> tuple[float, float]:
    """k and sigma of (1) for numbers t > 0, sorted (Zhang and Stephens 2009, doi:10.1198/tech.2009.08017).

    b = -k / sigma has the posterior mean over a grid of values, each weighted by its profile likelihood; then k is
    the mean of log(1 - b t). k is drawn towards 1/2 as by 10 observations, which steadies it for short tails.
    """
    n = len(t)
    m = 30 + int(n**0.5)
    quarter = t[int(n / 4 + 0.5) - 1]
    quarter = quarter if quarter > 0.0 else t[t > 0.0][0]
    b = 1.0 / t[-1] + (1.0 - np.sqrt(m / (np.arange(1, m + 1) - 0.5))) / (3.0 * quarter)
    k = np.log1p(-b[:, None] * t).mean(axis=1)
    log_likelihood = n * (np.log(-b / k) - k - 1.0)
    weight = np.exp(log_likelihood - log_likelihood.max())
    b = (b * weight).sum() / weight.sum()
    k = np.log1p(-b * t).mean()
    return (n * k + 10 * 0.5) / (n + 10), -k / b


def _quantile(p, k, sigma):
    """Of (1). The limit at k = 0 is the exponential distribution."""
    log_rest = np.log1p(-p)
    return sigma * (np.expm1(-k * log_rest) / k if abs(k) > 1e-12 else -log_rest)


def _checked(log_weights):
    log_w = np.array(backend.to_numpy(validate.numeric("log_weights", log_weights)), dtype=np.float64)
    if log_w.ndim != 1 or len(log_w) == 0:
        raise ValueError(f"log_weights must have shape (S,), S at least 1; got {log_w.shape}")
    if np.isnan(log_w).any() or (log_w == inf).any():
        raise ValueError(f"log_weights must not be NaN or +inf; got {log_w[np.isnan(log_w) | (log_w == inf)][0]}")
    if log_w.max() == -inf:
        raise ValueError("log_weights must not all be -inf: every weight would be 0")
    return log_w
