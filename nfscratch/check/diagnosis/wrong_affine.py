"""Inverses of affine maps, x_i = d_i z_i + t_i, and affine rescalings of any map.

The derivative d_i = J_ii is the scale, and t_i = x_i - d_i z_i is the shift; then

    z' = x / d - t       the wrong order          z' = (x - t) d           it multiplies
    z' = x / d           the shift is left        z' = x - t               the scale is left
    z' = a + b z         a rescaling is left      log((x - t) / z') = a    forward clamps s = clamp(a) (clamp.py)

In the last, s and t are those of z, or those of z' where the inverse makes them from its own result.

x = d (z + b) is the same map with b = t / d, and its inverse x / d - b has mistakes of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as onp

from nfscratch.check.diagnosis.clamp import VARIED, flattens, scales
from nfscratch.check.diagnosis.columns import Columns, same
from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.check.diagnosis.wrong_clamp import is_inverse_clamp
from nfscratch.check.rows import flat


def affine(c: Columns) -> Mistake | None:
    """The candidates for x_i = d_i z_i + t_i, on the first wrong column in the order of dependence."""
    d = onp.diagonal(c.J, axis1=1, axis2=2)
    t, first = c.x - d * c.z, _first_wrong(c)
    with onp.errstate(all="ignore"):
        for mistake, options in _candidates(c, d, t).items():
            if any(same(option[:, first], c.back[:, first]).all() for option in options):
                return mistake
    return _clamped(c)


def _candidates(c, d, t):
    shift = {Mistake.SHIFT_NOT_UNDONE: [c.x / d, (c.x + t) / d]}
    if same(d, 1.0).all():  # there is no scale that could be forgotten
        return shift
    b = t / d
    return {
        Mistake.WRONG_ORDER: [c.x / d - t, (c.x - b) / d],
        Mistake.MULTIPLIES: [(c.x - t) * d, c.x * d + t, c.x * d - t, c.x * d - b, (c.x - b) * d],
        Mistake.SCALE_NOT_UNDONE: [c.x - t, c.x - b],
        **shift,
    }


def _first_wrong(c):
    columns = onp.flatnonzero(c.wrong)
    return next((i for i in (c.order or []) if i in columns), columns[0] if len(columns) else 0)


def _clamped(c):
    """inverse divides by e^a where forward multiplied by e^s, s = clamp(a), with log raw = a."""
    if c.is_linear or not scales(c.trial):  # where s is one number, no clamp can be told from another scale
        return None
    return Mistake.CLAMP_IN_FORWARD if any(_is_clamp(c, d, raw) for d, raw in _raw_scales(c)) else None


def _raw_scales(c) -> Iterator[tuple[Any, Any]]:
    """(d, raw) for z' = (x - t) / raw and for z' = x / raw - t / d, with d and t at z, and then at z'."""
    s = c.trial.subject
    for point in (c.z, c.back):
        at = point.reshape(-1, *s.in_shape).astype(s.dtype)
        J = c.J if point is c.z else c.trial.derivatives("forward", at, c.rows)[0]
        there = c.x if point is c.z else c.again
        with onp.errstate(all="ignore"):
            d = onp.diagonal(J, axis1=1, axis2=2)
            t = flat(there) - d * point
            yield d, (c.x - t) / c.back
            yield d, c.x / (c.back + t / d)


def _is_clamp(c, d, raw):
    """Whether s is a clamp of a in every column that is wrong and whose s varies."""
    with onp.errstate(all="ignore"):
        s, a = onp.log(onp.abs(d)), onp.log(onp.abs(raw))
    good = onp.isfinite(s) & onp.isfinite(a) & (onp.abs(c.back) > 1e-6) & (onp.abs(c.z) > 1e-6)
    pairs = [(a[good[:, i], i], s[good[:, i], i]) for i in onp.flatnonzero(c.wrong)]
    varied = [(a, s) for a, s in pairs if len(onp.unique(onp.round(s, 6))) > VARIED]
    return bool(varied) and all(flattens(a, s) or is_inverse_clamp(a, s[:, None]) for a, s in varied)


def rescaled(c: Columns) -> Mistake | None:
    """z' = a + b z, or x' = a + b x, with the same a and b in every column, for a map that is not affine in z.

    Of an elementwise affine map each column may have its own a and b; b = 1 everywhere is a shift.
    """
    if c.is_linear:
        return _rescaled_columns(c)
    return Mistake.RESCALING if any(_is_rescaled(a, b) for a, b in ((c.z, c.back), (c.x, c.again))) else None


def _rescaled_columns(c):
    if onp.abs(c.J * (1 - onp.eye(c.dim))).max(initial=0.0) > 1e-6:
        return None
    fits = [onp.polyfit(c.z[:, i], c.back[:, i], 1) for i in range(c.dim)]
    if not all(same(onp.polyval(fit, c.z[:, i]), c.back[:, i]).all() for i, fit in enumerate(fits)):
        return None
    return Mistake.SHIFT_NOT_UNDONE if same(onp.array(fits)[:, 0], 1.0).all() else Mistake.RESCALING


def _is_rescaled(a, b):
    good = onp.isfinite(b).all(axis=1)
    if good.sum() < 2:
        return False
    fit = onp.polyfit(a[good].ravel(), b[good].ravel(), 1)
    identity = abs(fit[0] - 1) < 1e-6 and abs(fit[1]) < 1e-6
    return not identity and same(onp.polyval(fit, a[good]), b[good]).all()
