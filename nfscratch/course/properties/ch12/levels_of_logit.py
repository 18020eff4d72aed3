"""Task 12.2, levels_of_logit(ell, V, alpha): the inverse of (4)."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch12.image_maps import sums_of_slopes

SOLVE = "Solve (4) for y, in two steps: what is s, and then y?"
CASES = (((1, 1, 1), 256, 0.05), ((1, 2, 3), 17, 0.02), ((2, 2, 2), 256, 0.05), ((1, 2, 2), 17, 0.0))


def undoes(asked, rng):
    """the levels that (4) made ell of, with alpha and without"""
    return expect(asked, *[_of(rng, *case, "y") for case in CASES])


def log_det(asked, rng):
    """the log-det of the way back is minus that of (5)"""
    return expect(asked, *[_of(rng, *case, "log_det") for case in CASES])


def _slopes(y, V, alpha):
    """The sum (5); NaN where y is no level."""
    s = alpha + (1 - 2 * alpha) * y / V
    with onp.errstate(invalid="ignore"):
        return float(onp.log((1 / s + 1 / (1 - s)) * (1 - 2 * alpha) / V).sum())


def _of(rng, shape, V, alpha, judged):
    y = rng.integers(0, V, size=shape) + rng.uniform(0.1, 0.9, size=shape)
    s = alpha + (1 - 2 * alpha) * y / V
    ell = onp.log(s) - onp.log(1 - s)
    there = _slopes(y, V, alpha)

    def scaled(numerator, denominator=1 - 2 * alpha, V=V):
        return V * numerator / denominator

    slips = [
        slip("alpha is left out", SOLVE, y=V * s),
        slip("alpha is not subtracted", SOLVE, y=scaled(s)),
        slip("alpha is added, not subtracted", SOLVE, y=scaled(s + alpha)),
        slip("it is not divided by 1 - 2 alpha", SOLVE, y=scaled(s - alpha, 1)),
        slip("it is multiplied by 1 - 2 alpha, not divided", SOLVE, y=scaled(s - alpha, 1 / (1 - 2 * alpha))),
        slip("it is divided by 1 - alpha, not by 1 - 2 alpha", SOLVE, y=scaled(s - alpha, 1 - alpha)),
        slip("alpha is subtracted after the division, not before it", SOLVE, y=V * (s / (1 - 2 * alpha) - alpha)),
        slip("alpha is subtracted after the factor V, not before it", SOLVE, y=(V * s - alpha) / (1 - 2 * alpha)),
        slip("the factor V is missing", "Which values may y have?", y=scaled(s - alpha, V=1)),
        slip("the factor is V - 1, not V", "Which values may y have?", y=scaled(s - alpha, V=V - 1)),
        slip("the levels are rounded down", "A flow's map has an inverse. Has rounding one?", y=onp.floor(y)),
        slip("the levels are rounded", "A flow's map has an inverse. Has rounding one?", y=onp.round(y)),
        slip("the sigmoid is taken of -ell", "What is s for a large ell?", y=scaled(1 - s - alpha)),
        slip("it is e^ell, not the sigmoid", SOLVE, y=scaled(s / (1 - s) - alpha)),
        slip("the sigmoid is missing", SOLVE, y=scaled(ell - alpha)),
        slip("s comes back, not y", SOLVE, y=s),
        slip("ell comes back", SOLVE, y=ell),
        *sums_of_slopes(y, V, alpha, -1),
        slip(Mistake.NOT_NEGATED, log_det=there),
        slip("it is taken at ell, not at the y that was found", "Which variable stands in (5)?", log_det=-_slopes(ell, V, alpha)),
        slip("it is taken at ell, not at the y that was found", "Which variable stands in (5)?", log_det=_slopes(ell, V, alpha)),
    ]  # fmt: skip
    shown = {"ell": ell, "V": V, "alpha": alpha}
    answer = {"y": y, "log_det": -there}
    size = f"{y.size} pixels" if y.size > 1 else "1 pixel"
    return Question((ell, V, alpha), answer, shown, slips, (judged,), 1e-8, size)
