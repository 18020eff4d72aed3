"""Task 7.8, total_probability(h): equation (12), for maps whose range is known. h stays with the checks."""

from __future__ import annotations

import math

import numpy as onp

from nfscratch.course.judging.question import Question, expect, slip

TWELVE = "Which two factors stand under the integral over x in (12)?"


def integrals(asked, rng):
    """the integral for a map onto all reals, for one onto (0, 1), and for one onto a wider interval"""
    low, high = -rng.uniform(0.5, 1.5), rng.uniform(0.8, 2)
    a, b = rng.uniform(1.5, 2.5), rng.uniform(-1, 1)
    return expect(asked, _of(a, b, None), _of(a, b, (0.0, 1.0)), _of(a, -b, (low, high)))


def _of(a, b, ends):
    """h(x) = low + (high - low) sigma(a x + b), or the straight line a x + b."""

    def h(x):
        s = a * float(x) + b
        if ends is None:
            return s, math.log(a)
        log_slope = math.log(a * (ends[1] - ends[0])) - abs(s) - 2 * math.log1p(math.exp(-abs(s)))
        return ends[0] + (ends[1] - ends[0]) * _sigma(s), log_slope

    x = onp.linspace(-40, 40, 8001)
    z, l = onp.array([h(value) for value in x]).T
    p, slope = _normal(z), onp.exp(l)
    right = 1.0 if ends is None else _phi(ends[1]) - _phi(ends[0])
    slips = [
        slip("the factor h'(x) is missing", TWELVE, total=onp.trapezoid(p, x)),
        slip("the log-slope is taken for the slope", "What does h return beside its value?", total=onp.trapezoid(p * l, x)),
        slip("the base is evaluated at x, not at h(x)", TWELVE, total=onp.trapezoid(_normal(x) * slope, x)),
        slip("the log-density is integrated, not the density", "What is the range of a density?", total=onp.trapezoid(onp.log(_normal(z) + 1e-320) + l, x)),
        slip("the base density is missing", TWELVE, total=onp.trapezoid(slope, x)),
        slip("the values are added up, and not multiplied by the step", "What is the rule for an integral on a grid?", total=right / 0.02),
        slip("the mean of the values is taken", "How long is the interval?", total=right / 80.02),
        slip("the logarithm of the integral comes back", "What is the probability of everything?", total=math.log(right)),
        slip("it is always 1", "What is lost if h never leaves an interval?", total=1.0),
    ]  # fmt: skip
    if ends is None:
        slips.append(slip("it is divided by h'(x), not multiplied", TWELVE, total=1 / a**2))
    words = f"{a:.2f} x + {b:.2f}" if ends is None else f"a map of the reals to ({ends[0]:.2f}, {ends[1]:.2f})"
    return Question((h,), {"total": right}, {"h(x)": words}, slips, tolerance=1e-5)


def _sigma(s):
    return 1 / (1 + math.exp(-s)) if s > 0 else math.exp(s) / (1 + math.exp(s))


def _normal(z):
    return onp.exp(-0.5 * onp.asarray(z) ** 2) / onp.sqrt(2 * onp.pi)


def _phi(z):
    return 0.5 * (1 + math.erf(z / math.sqrt(2)))
