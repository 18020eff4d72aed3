"""Mean and standard deviation of each column, also where squares would leave the range of float64."""

from __future__ import annotations

import numpy as onp


def moments(x):
    """Mean and standard deviation (C,) of host rows x (N, C) in float64.

    Columns beyond 1e100 or below 1e-100 are divided by their largest entry first: 1e200 squared is infinity.
    """
    size = onp.abs(x).max(axis=0)
    if ((size < 1e100) & ((size > 1e-100) | (size == 0.0))).all():
        return x.mean(axis=0), x.std(axis=0)
    unit = onp.where(size > 0.0, size, 1.0)
    return (x / unit).mean(axis=0) * unit, (x / unit).std(axis=0) * unit
