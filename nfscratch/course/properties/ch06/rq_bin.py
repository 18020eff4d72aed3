"""Task 6.1, rq_bin(xi, s, d0, d1): equations (8) and (9)."""

from __future__ import annotations

from dataclasses import replace

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch06.pieces import differences, height, steepness

EIGHT, NINE = "Which numbers stand in the quotient of (8)?", "Compare with (9), factor by factor."
EXAMPLE = (0.5, 1.0, 2.0, 0.5)


def heights(asked, rng):
    """the height: the worked example, random bins, and 0 and 1 at the two ends"""
    inside = [_of(case, "y") for case in (EXAMPLE, *_random(rng))]
    return expect(asked, *inside, *[_of((xi, *_random(rng)[0][1:]), "y") for xi in (0.0, 1.0)])


def slopes(asked, rng):
    """the slope: d0 and d1 at the two ends, and between them finite differences of the student's own height"""
    bins = [case[1:] for case in _random(rng)]
    fault = expect(
        asked, *[_of(case, "y", onp.inf) for case in _random(rng)]
    )  # without a number nothing is differentiated
    ends = [_of((xi, *bins[0]), "slope") for xi in (0.0, 1.0)]
    return fault or expect(asked, *[_by_differences(asked, _of(case, "slope")) for case in _random(rng)], *ends)


def _random(rng):
    return [tuple(float(a) for a in (rng.uniform(0.2, 0.8), *rng.uniform(0.4, 3, size=3))) for _ in range(4)]


def _by_differences(asked, question):
    xi, *others = question.arguments
    rate = differences(lambda at: [a[0] for a in asked.many([(a, *others) for a in at])], [xi])[0]
    return replace(question, answer={**question.answer, "slope": float(others[0] * rate)}, tolerance=1e-6)


def _of(case, judged, tolerance=1e-9):
    xi, s, d0, d1 = case
    eta, Q = 1 - xi, s + (d0 + d1 - 2 * s) * xi * (1 - xi)
    N, y = d0 * xi * eta + s * xi**2, height(*case)
    S, rate = d0 * eta**2 + 2 * s * xi * eta + d1 * xi**2, steepness(*case)
    swapped = (xi, s, d1, d0)
    slips = [
        slip("d0 and d1 are exchanged", "Which end is xi = 0?", y=height(*swapped)),
        slip("d0 and d1 are exchanged", "Which of them is the slope at xi = 0?", slope=steepness(*swapped)),
        slip("it is not divided by the denominator", EIGHT, y=N),
        slip("the denominator holds s where 2 s belongs", EIGHT, y=N / (s + (d0 + d1 - s) * xi * eta)),
        slip("the denominator lacks its first s", EIGHT, y=N / ((d0 + d1 - 2 * s) * xi * eta) if xi * eta else onp.nan),
        slip("the denominator holds xi where xi (1 - xi) belongs", EIGHT, y=N / (s + (d0 + d1 - 2 * s) * xi)),
        slip("xi is not squared in the numerator", EIGHT, y=(d0 * xi * eta + s * xi) / Q),
        slip("the numerator lacks the factor s", EIGHT, y=(d0 * xi * eta + xi**2) / Q),
        slip("the height is multiplied by s", "How high is the bin at xi = 1?", y=s * y),
        slip(Mistake.SPLINE_DENOMINATOR, slope=rate * Q),
        slip(Mistake.SPLINE_SLOPE, slope=rate / s),
        slip("the factor s^2 is missing", NINE, slope=rate / s**2),
        slip("the middle term of (9) lacks its 2", NINE, slope=s**2 * (S - s * xi * eta) / Q**2),
        slip("the middle term of (9) is missing", NINE, slope=s**2 * (S - 2 * s * xi * eta) / Q**2),
        slip("it is the logarithm of the slope", "Read the docstring.", slope=onp.log(rate)),
        slip("the slope is that of the inverse", "Is it dx/dz, or dz/dx?", slope=1 / rate),
    ]  # fmt: skip
    answer, shown = {"y": y, "slope": rate}, dict(zip(("xi", "s", "d0", "d1"), case, strict=True))
    return Question(case, answer, shown, slips, (judged,), tolerance)
