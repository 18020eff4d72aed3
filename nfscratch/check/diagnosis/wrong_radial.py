"""Wrong inverses of a radial layer, x = z + b / (a + r) (z - c) with r = |z - c|.

    J = g I + (...) (z - c)(z - c)^T,    g = 1 + b / (a + r)        g is an eigenvalue of J, D - 1 times
    c = z - (x - z) / (g - 1)            one point, for all rows     1 / (g - 1) = (a + r) / b, a straight line in r
    r^2 + (a + b - q) r - a q = 0        with q = |x - c|, whose roots have the product -a q

c, a and b are read from forward. With the other root r' the inverse gives z' = c + (x - c) / (1 + b / (a + r')); where
it multiplies, z' = c + (x - c) g; and where c is not added again, z' = z - c.
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.check.diagnosis.columns import Columns, same
from nfscratch.check.diagnosis.mistakes import Mistake


def radial_root(c: Columns) -> Mistake | None:
    """Whether z' is what the other root gives, or the product with g, in every row."""
    if c.dim < 2 or onp.abs(c.J - c.J.transpose(0, 2, 1)).max() > 1e-6 or c.is_linear:
        return None
    values = onp.linalg.eigvalsh(c.J)  # from the smallest: g is the second of either end, unless D = 2
    for g in (values[:, 0], values[:, -1]):
        with onp.errstate(all="ignore"):
            predictions = _predictions(c, g)
        found = [mistake for mistake, predicted in predictions.items() if _is_given(c, predicted)]
        if found:
            return found[0]
    return None


def _predictions(c, g) -> dict[Mistake, Any]:
    """z' (N, D) of each mistake; none where J and x are not those of a radial layer."""
    centres = c.z - (c.x - c.z) / (g - 1)[:, None]
    centre = onp.median(centres, axis=0)
    r, q = (onp.linalg.norm(a - centre, axis=1) for a in (c.z, c.x))
    slope, offset = onp.polyfit(r, 1 / (g - 1), 1)
    if not (same(centres, centre, 1e-5).all() and same(slope * r + offset, 1 / (g - 1), 1e-5).all()):
        return {}
    a, b = offset / slope, 1 / slope
    other = -a * q / r
    return {
        Mistake.OTHER_ROOT: centre + (c.x - centre) / (1 + b / (a + other))[:, None],
        Mistake.MULTIPLIES: centre + (c.x - centre) * g[:, None],
        Mistake.SHIFT_NOT_UNDONE: c.z - centre,
    }


def _is_given(c, predicted):
    good = onp.isfinite(predicted).all(axis=1) & (onp.abs(predicted).max(axis=1) < 1e4)
    return good.sum() > len(good) / 2 and same(predicted[good], c.back[good], 1e-4).all()
