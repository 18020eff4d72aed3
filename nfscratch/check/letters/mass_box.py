"""The box that holds the mass of a base density. A companion of N."""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.check.rows import flat


def mass_box(subject: Any, n: int = 61, least: float = -14.0) -> tuple[Any, Any]:
    """Around the points where the base's density is more than e^-14 of its peak. Its draws only say where to begin.

    The box grows while the density at its faces is more, and is then cut to where it is.
    """
    start = onp.concatenate([flat(subject.base_sample(onp.random.default_rng(0), 500)), -onp.ones((1, subject.dim))])
    low, high = start.min(axis=0) - 1.0, start.max(axis=0) + 1.0
    for _ in range(16):
        inner, step = _dense_points(subject, low, high, n, least), (high - low) / (n - 1)
        if ((inner.min(axis=0) <= low) | (inner.max(axis=0) >= high)).any():
            low, high = low - 0.5 * (high - low), high + 0.5 * (high - low)
            continue
        tight = inner.min(axis=0) - step, inner.max(axis=0) + step
        if ((tight[1] - tight[0]) > 0.8 * (high - low)).all():
            return tight
        low, high = tight
    return low, high


def _dense_points(subject, low, high, n, least):
    axes = [onp.linspace(a, b, n) for a, b in zip(low, high, strict=True)]
    z = onp.stack([g.ravel() for g in onp.meshgrid(*axes, indexing="ij")], axis=1)
    with onp.errstate(all="ignore"):
        q = onp.asarray(subject.q(z.reshape(-1, *subject.in_shape).astype(subject.dtype)), dtype=onp.float64)
    q = onp.where(onp.isnan(q), -onp.inf, q)
    return z[q >= q.max() + least]
