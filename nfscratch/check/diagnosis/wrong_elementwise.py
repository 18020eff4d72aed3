"""Inverses of elementwise maps that are bent: an affine map before or after a bent one, or straight pieces.

x_i = d_i g(z_i) + t_i  or  x_i = g(d_i z_i + t_i),  with one g for all columns, g(0) = 0 and g'(0) = c

y = x / d - t      f(z') = x + t (1 - d)           or  z' = z + t / d - t     the wrong order
y = x / d          f(z') = x + t                   or  z' = z + t / d         the shift is not undone
y = x - t          f(z') = d (x - t) + t           or  z' = d z               the scale is not undone
y = (x - t) d      f(z') = d^2 (x - t) + t         or  z' = d^2 z             it multiplies

f(0) is t, or f(-t / d) is 0; the slope there is c d. With c unknown, d is told from d^2 by comparing the columns.

straight pieces z' = a + (x - f(a)) m, m = f'       it multiplies
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.check.diagnosis.columns import Columns, same
from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.check.diagnosis.spline_line import is_piecewise_linear
from nfscratch.check.rows import flat

HALVINGS = 60


def is_elementwise(J: Any) -> bool:
    """Whether every J is diagonal."""
    return bool(onp.abs(J * (1 - onp.eye(J.shape[1]))).max(initial=0.0) < 1e-7)


def bent(c: Columns) -> Mistake | None:
    """The affine part of an elementwise map that is undone wrongly, or a slope that multiplies."""
    if not is_elementwise(c.J) or c.is_linear:
        return None
    return Mistake.MULTIPLIES if _multiplies_slopes(c) else _of_affine_part(c)


def at_zero(c: Columns) -> tuple[Any, Any]:
    """f(0) and f'(0), each (1, D)."""
    s = c.trial.subject
    at = onp.zeros((1, *s.in_shape), dtype=s.dtype)
    t = flat(c.trial.apply("forward", at, c.rows[:1])[0])
    return t, onp.diagonal(c.trial.derivatives("forward", at, c.rows[:1])[0], axis1=1, axis2=2)


def _of_affine_part(c):
    return _of_affine_part_behind(c) or _of_affine_part_before(c)


def _of_affine_part_behind(c):
    """x = d g(z) + t: f(z') is a straight line in x."""
    t, slope = at_zero(c)
    return _named(_lines(c.x, c.again), t[0], slope[0])


def _of_affine_part_before(c):
    """x = g(d z + t): z' is a straight line in z. With w = z - z_0 and f(z_0) = 0, where z_0 = -t / d."""
    zero = _roots(c)
    if zero is None:
        return None
    s = c.trial.subject
    J = c.trial.derivatives("forward", zero.reshape(1, *s.in_shape), c.rows[:1])[0]
    lines = _lines(c.z, c.back)
    if lines is None:
        return None
    m, start = lines
    own = onp.diagonal(J[0])
    if same(m, 1.0).all():  # z' = z + t / d - t, or z + t / d
        return _named(lines, -zero, own)
    return _named((m, 1 - m), onp.ones(c.dim), own) if same(start, 0.0).all() else None


def _roots(c):
    """z_0 (D,) with f(z_0) = 0, by halving within the rows' range; None where some f_i has no root there."""
    s = c.trial.subject
    low, high = c.z.min(axis=0) - 1.0, c.z.max(axis=0) + 1.0

    def value(z):
        return flat(c.trial.apply("forward", z.reshape(1, *s.in_shape).astype(s.dtype), c.rows[:1])[0])[0]

    up = onp.sign(value(high))
    if not (onp.sign(value(low)) * up < 0).all():
        return None
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        above = value(middle) * up > 0
        low, high = onp.where(above, low, middle), onp.where(above, middle, high)
    return 0.5 * (low + high)


def _lines(a, b):
    """(slope, start), each (D,), of b_i = start_i + slope_i a_i; None where some column is no straight line."""
    near = onp.abs(a).max(axis=1) < 1e6
    fits = onp.array([onp.polyfit(a[near, i], b[near, i], 1) for i in range(a.shape[1])])
    straight = same(fits[:, 0] * a + fits[:, 1], b).all()
    return (fits[:, 0], fits[:, 1]) if straight else None


def _named(lines, t, slope):
    """From f(z') = start + m x: m is 1, d or d^2, and start is t (1 - m), or t, or t (1 - d)."""
    if lines is None or same(t, 0.0).any():
        return None
    m, start = lines
    if same(m, 1.0).all():
        return _of_shift(start, t, slope)
    if not same(start, t * (1 - m)).all() or not (m > 0).all() or same(m, 1.0).any():
        return None
    return {1: Mistake.SCALE_NOT_UNDONE, 2: Mistake.MULTIPLIES}.get(_power(m, slope))


def _of_shift(start, t, slope):
    if same(start, t).all() or same(start, 2 * t).all():
        return Mistake.SHIFT_NOT_UNDONE
    d = 1 - start / t
    known = (d > 1e-3).all() and not same(d, 1.0).any() and _power(d, slope) == 1
    return Mistake.WRONG_ORDER if known else None


def _power(m, slope):
    """p of m = (slope / c)^p: c is 1, or the columns tell."""
    log_m, log_slope = onp.log(m), onp.log(onp.abs(slope))
    for p in (1, 2):
        rest = log_slope - log_m / p  # log c
        if same(rest, 0.0).all() or (len(m) > 1 and onp.ptp(log_m) > 1e-2 and onp.ptp(rest) < 1e-5):
            return p
    return None


def _multiplies_slopes(c):
    """Straight pieces of which each is undone with its slope m in place of 1 / m, from a point that stays in place."""
    if not is_piecewise_linear(c.trial):
        return False
    m = onp.diagonal(c.J, axis1=1, axis2=2)
    of_inverse = onp.diagonal(c.trial.numeric_back[0][c.rows], axis1=1, axis2=2)
    told = (onp.abs(m - 1) > 1e-3) & onp.isfinite(of_inverse)
    with onp.errstate(all="ignore"):
        still = (c.back - m * m * c.z) / (1 - m * m)
        still += 1e-7 * (c.z - still)  # to the side of the knot on which the piece lies
    if told.sum() < 6 or not same(of_inverse[told], m[told], 1e-4).all():
        return False
    return _stays(c, onp.where(told, still, c.z), told)


def _stays(c, points, told):
    """Whether these points, the ends of their pieces, come back as they are."""
    s = c.trial.subject
    at = points.reshape(-1, *s.in_shape).astype(s.dtype)
    back = flat(c.trial.apply("inverse", c.trial.apply("forward", at, c.rows)[0], c.rows)[0])
    return bool(same(back[told], points[told], 1e-5).all())
