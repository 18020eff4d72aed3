"""Wrong log-dets of planar layers, J = I + h'(a) u_hat w^T: the numeric J - I has one singular value.

det J = 1 + h' (w . u_hat)           e^c - 1  proportional to  tr J - D       u where u_hat belongs
                                     e^c - 1  proportional to  (x - z) . w    h where h' belongs
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake


def planar_mistake(samples: list[Any]) -> Mistake | None:
    """The log_det of a map x = z + u_hat h(w . z + b)."""
    of_one = {Mistake.PLANAR_H: lambda moved, slope: moved, Mistake.PLANAR_U: lambda moved, slope: slope - 1}
    for mistake, by in of_one.items():
        if all(_is_tanh_of_one_variable(s, by) for s in samples if s.failed):
            return mistake
    wide = [s for s in samples if s.failed and s.dim > 1]
    if not wide or any(_rank_one(s) is None for s in wide):
        return None
    ratios = {Mistake.PLANAR_U: _ratio_to_trace, Mistake.PLANAR_H: _ratio_to_h}
    return next((mistake for mistake, ratio in ratios.items() if all(ratio(s) for s in wide)), None)


def _is_tanh_of_one_variable(s, by):
    """D = 1 and h = tanh: dx/dz - 1 = u w - (w/u) (x - z)^2, and e^c - 1 proportional to x - z, or to dx/dz - 1."""
    if s.dim > 1 or len(s.c) < 6:
        return False
    moved = (s.there - s.at)[:, 0] * (1 if s.direction == "forward" else -1)
    slope = s.J[:, 0, 0] if s.direction == "forward" else 1 / s.J[:, 0, 0]
    line = onp.polyval(onp.polyfit(moved**2, slope, 1), moved**2)
    return onp.ptp(slope) > 1e-4 and onp.abs(line - slope).max() < 1e-6 and _steady(s, by(moved, slope))


def _rank_one(s):
    """The unit vector w of J = I + u w^T, or None."""
    _, values, Vt = onp.linalg.svd(s.J - onp.eye(s.dim))
    strong = values[:, 0] > 1e-4
    if not strong.any() or (values[:, 1] > 1e-5 * (1 + values[:, 0])).any():
        return None
    return Vt[onp.argmax(values[:, 0]), 0]


def _steady(s, by):
    """(+-e^c - 1) / by is one number for all rows, with the sign that the absolute value hid."""
    strong = onp.abs(by) > 1e-3
    c = (s.c if s.direction == "forward" else -s.c)[strong]
    options = onp.stack([onp.exp(c) - 1, -onp.exp(c) - 1]) / by[strong]
    if options.shape[1] < 4:
        return False
    return any(
        (onp.abs(options - r).min(axis=0) <= 1e-3 * abs(r)).all() for r in options[:, :3].ravel() if abs(r) > 1e-6
    )


def _ratio_to_trace(s):
    J = s.J if s.direction == "forward" else onp.linalg.inv(s.J)
    return _steady(s, onp.trace(J, axis1=1, axis2=2) - s.dim)


def _ratio_to_h(s):
    return _steady(s, (s.there - s.at) @ _rank_one(s))  # x - z or z - x: a ratio has either sign
