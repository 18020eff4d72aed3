"""A clamp, whatever its formula: b tanh(a / c), b atan(a / c), clip(a, low, high), a / (1 + |a|), ...

    s = clamp(a):    of the sign of a,    |s| grows with |a|,    |s| / |a| falls,    on each side of 0

These hold of a function that is odd or not, and of no other mistake. The points are those of one variable over many
rows.
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.check.domains import bounded
from nfscratch.check.rows import flat
from nfscratch.check.trial import Trial

VARIED = 2  # different values of s: one that is constant is no clamp of anything
LEAST = 5  # points, of which the flattest and the steepest are to differ clearly
CLEARLY = 1.05


def scales(trial: Trial, rows: int = 4) -> bool:
    """Whether each x_i is a straight line in its own z_i: in no other map is there an s to be clamped."""
    s, z = trial.subject, flat(trial.z)[:rows]
    if bounded(s.domain):
        return False
    dim = z.shape[1]
    moved = onp.repeat(z[None, None], 3 * dim, axis=1).reshape(3, dim, len(z), dim)
    moved[:, onp.arange(dim), :, onp.arange(dim)] += onp.array([-1.0, 0.0, 1.0])[None, :, None]
    at = moved.reshape(-1, *s.in_shape).astype(s.dtype)
    x = flat(trial.apply("forward", at, onp.tile(onp.arange(len(z)), 3 * dim))[0]).reshape(3, dim, len(z), dim)
    own = x[:, onp.arange(dim), :, onp.arange(dim)].transpose(1, 0, 2)
    with onp.errstate(all="ignore"):
        return bool((onp.abs(own[0] + own[2] - 2 * own[1]) < 1e-6 * (1 + onp.abs(own).max(axis=0))).all())


def flattens(a: Any, s: Any) -> bool:
    """Whether s (N,) is a clamp of a (N,)."""
    large = onp.abs(a) > 1e-3
    a, s = a[large], s[large]
    if len(a) < LEAST or len(onp.unique(onp.round(s, 6))) < VARIED or not (a * s >= 0).all():
        return False
    ratio, below = onp.abs(s) / onp.abs(a), onp.signbit(a)
    sides = [side for side in (below, ~below) if side.any()]
    return all(_falls(onp.abs(a[k]), onp.abs(s[k])) for k in sides) and ratio.max() > CLEARLY * ratio.min() > 0


def _falls(a, s, rounding=1e-6):
    order = onp.argsort(a)
    a, s = a[order], s[order]
    return (onp.diff(s) >= -rounding * (1 + s[1:])).all() and (onp.diff(s / a) <= rounding * (1 + s[1:] / a[1:])).all()
