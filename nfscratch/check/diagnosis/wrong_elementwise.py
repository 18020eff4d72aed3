"""Inverses of elementwise maps that are bent: x_i = f_i(z_i), an affine map after a bent one, or straight pieces.

f(z) = d g(z) + t with g(0) = 0, g'(0) = 1, so that d = f'(0), t = f(0), and z' = g^-1(y):

y = x / d - t        f(z') = x + t (1 - d)          the wrong order
y = x / d            f(z') = x + t                  the shift is not undone
y = x - t            f(z') = d (x - t) + t          the scale is not undone
y = (x - t) d        f(z') = d^2 (x - t) + t        it multiplies

straight pieces z' = a + (x - f(a)) m, m = f'       it multiplies
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.check.diagnosis.columns import Columns, same
from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.check.diagnosis.spline_line import is_piecewise_linear
from nfscratch.check.rows import flat


def is_elementwise(J: Any) -> bool:
    """Whether every J is diagonal."""
    return bool(onp.abs(J * (1 - onp.eye(J.shape[1]))).max(initial=0.0) < 1e-7)


def bent(c: Columns) -> Mistake | None:
    """The affine part of an elementwise map that is undone wrongly, or a slope that multiplies."""
    if not is_elementwise(c.J) or c.is_linear:
        return None
    return Mistake.MULTIPLIES if _multiplies_slopes(c) else _of_affine_part(c)


def _of_affine_part(c):
    at = onp.zeros((1, *c.trial.subject.in_shape), dtype=c.trial.subject.dtype)
    t = flat(c.trial.apply("forward", at, c.rows[:1])[0])
    d = onp.diagonal(c.trial.derivatives("forward", at, c.rows[:1])[0], axis1=1, axis2=2)
    if same(t, 0.0).any() or same(d, 1.0).any():  # two of the names would be one
        return None
    candidates = {
        Mistake.WRONG_ORDER: c.x + t * (1 - d),
        Mistake.SHIFT_NOT_UNDONE: c.x + t,
        Mistake.SCALE_NOT_UNDONE: d * (c.x - t) + t,
        Mistake.MULTIPLIES: d * d * (c.x - t) + t,
    }
    found = [mistake for mistake, reached in candidates.items() if same(c.again, reached).all()]
    return found[0] if len(found) == 1 else None


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
