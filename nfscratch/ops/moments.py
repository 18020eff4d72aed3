"""Centre and scale of each column: mean and standard deviation, or what far points hardly change."""

from __future__ import annotations

import numpy as onp


def moments(x):
    """Mean and standard deviation (C,) of host rows x (N, C) in float64.

    They are taken in_units: 1e200 squared is infinity.
    """
    x, unit = in_units(x)
    return x.mean(axis=0) * unit, x.std(axis=0) * unit


def in_units(x):
    """x / unit, and the unit of each column: 1, or the largest entry where a column is beyond 1e100 or below 1e-100."""
    size = onp.abs(x).max(axis=0)
    odd = (size > 0.0) & ((size >= 1e100) | (size <= 1e-100))
    unit = onp.where(odd, size, 1.0)
    return (x / unit if odd.any() else x), unit


def robust_moments(x, std):
    """Median and half the way between two quantiles: wider ones where these are equal, at last the std."""
    middle = onp.median(x, axis=0)
    scale = onp.zeros_like(middle)
    for tail, sigmas in ((0.158655, 2.0), (0.02275, 4.0)):  # P(z < -1) and P(z < -2)
        low, high = onp.quantile(x, (tail, 1.0 - tail), axis=0)
        scale = onp.where(scale > 0.0, scale, high / sigmas - low / sigmas)
    return middle, onp.where(scale > 0.0, scale, std)
