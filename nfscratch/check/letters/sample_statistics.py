"""Statistics of one sample, each beside the bound that it keeps by chance. A companion of K.

distance    the largest distance between distribution functions, in every coordinate and on random directions, under
            the bound of Dvoretzky, Kiefer and Wolfowitz, sqrt(log(2 / alpha) / 2n) for one sample against a known law
frequency   the share of the value of a coordinate that comes most often
rows        the largest correlation between rows, over all lags
"""

from __future__ import annotations

from math import log, sqrt
from typing import Any

import numpy as onp
from scipy.special import ndtr, ndtri

ALPHA = 1e-6


def most_frequent(a: Any) -> tuple[float, float, int]:
    """The share of the value that comes most often in a column, up to rounding, the value, and the column."""
    columns = [onp.sort(column[onp.isfinite(column)]) for column in a.T[:8]]
    return max(((*_longest_run(v), j) for j, v in enumerate(columns) if len(v) >= 4), default=(0.0, 0.0, 0))


def _longest_run(v):
    """Of sorted numbers: the share of those that are equal, and their value."""
    spread = v[3 * len(v) // 4] - v[len(v) // 4]
    new = onp.diff(v) > 1e-12 * spread + 64 * 2.3e-16 * onp.abs(v[1:])
    starts = onp.concatenate([[0], onp.flatnonzero(new) + 1, [len(v)]])
    k = int(onp.argmax(onp.diff(starts)))
    return float(onp.diff(starts)[k] / len(v)), float(v[starts[k]])


def distance_from(z: Any, base: Any, rng: onp.random.Generator) -> tuple[float, float, str]:
    """The largest distance of z's distribution from N(0, I), or from that of the sample `base`, over projections."""
    directions, names = _directions(z.shape[1], rng)
    factor = 1.0 if base is None else 2.0
    allowed = sqrt(factor * log(2 * len(directions) / ALPHA) / (2 * len(z)))
    distances = [_distance(z @ d, None if base is None else base @ d) for d in directions]
    worst = int(onp.argmax(distances))
    return float(distances[worst]), allowed, names[worst]


def _directions(dim, rng):
    directions = [onp.eye(dim)[i] for i in range(min(dim, 8))]
    names = [f"coordinate {i}" for i in range(min(dim, 8))]
    if dim == 1:
        return directions, names
    drawn = rng.normal(size=(3, dim))
    directions += list(drawn / onp.linalg.norm(drawn, axis=1, keepdims=True))
    return directions, names + ["a random direction"] * 3


def _distance(a, b):
    """Kolmogorov and Smirnov's statistic; a value that is no number lies outside of every interval."""
    a = onp.sort(onp.where(onp.isfinite(a), a, onp.inf))
    steps = onp.arange(1, len(a) + 1) / len(a)
    if b is None:
        F = ndtr(a)
        return max(float((steps - F).max()), float((F - steps + 1 / len(a)).max()))
    both = onp.sort(onp.concatenate([a, b]))
    counts = [onp.searchsorted(onp.sort(v), both, side="right") / len(v) for v in (a, b)]
    return float(onp.abs(counts[0] - counts[1]).max())


def correlation_of_rows(z: Any) -> tuple[float, float, str]:
    """The largest correlation between row i and row i + k, over all lags k, of normal scores of values and sizes.

    For independent rows each is about N(0, 1 / n), and the largest of m stays under sqrt(2 log(2 m / alpha) / n).
    """
    columns = list(z.T[:8])
    series = columns + [onp.abs(a - onp.median(a)) for a in columns]
    n, m = len(z), len(series) * (len(z) // 2)
    correlations = onp.stack([_autocorrelation(_scores(a)) for a in series])
    lag = int(onp.argmax(onp.abs(correlations).max(axis=0))) + 1
    allowed = sqrt(2 * log(2 * m / ALPHA) / n)
    return float(onp.abs(correlations).max()), allowed, f"rows i and i + {lag}"


def _scores(a):
    return ndtri((onp.argsort(onp.argsort(a)) + 0.5) / len(a))


def _autocorrelation(a):
    """At the lags 1 ... n / 2, around the end."""
    power = onp.square(onp.abs(onp.fft.rfft(a)))
    products = onp.fft.irfft(power, n=len(a))
    return products[1 : len(a) // 2 + 1] / products[0]
