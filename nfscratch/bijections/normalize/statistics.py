"""Statistics of a batch, one for each variable or channel: what ActNorm, BatchNorm and Standardize start from.

    mean = 1/N sum_n x_n,    std = sqrt(1/N sum_n (x_n - mean)^2)

For images N counts every pixel of every image. A column that does not vary says nothing of a scale: it gets std 1, with
a warning.
"""

from __future__ import annotations

import warnings

import numpy as onp

from nfscratch import backend
from nfscratch.bijections.normalize.channels import samples


def mean_and_std(x, who):
    """Means and standard deviations (C,) of a batch, in float64 on the host; a constant column gets std 1."""
    what = "columns" if x.ndim == 2 else "channels"
    x = samples(onp.asarray(backend.to_numpy(x), dtype=onp.float64))
    if len(x) < 2:
        raise ValueError(f"{who} needs at least 2 rows to start from data; got {len(x)}")
    mean, std = x.mean(axis=0), x.std(axis=0)
    constant = std < 1e-14 * onp.maximum(1.0, onp.abs(mean))
    if constant.any():
        warnings.warn(f"{who}: {what} {onp.flatnonzero(constant).tolist()} are constant; scale 1 is used", stacklevel=2)
    return mean, onp.where(constant, 1.0, std)
