"""Task 13.6, mmd(a, b, h, mean): equation (6), pair by pair."""

from __future__ import annotations

from dataclasses import replace

import numpy as onp

from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch13.two_samples import mistaken_sums, of_different, pair_values

KERNEL = "Put |x - y| = 2 and h = 2 into the kernel: it is e^(-1/2)."
KERNELS = {
    "the kernel has h^2 where 2 h^2 belongs": lambda d, h: onp.exp(-(d**2) / h**2),
    "the kernel has 2 h where 2 h^2 belongs": lambda d, h: onp.exp(-(d**2) / (2 * h)),
    "the kernel has h where 2 h^2 belongs": lambda d, h: onp.exp(-(d**2) / h),
    "the kernel is multiplied by h^2, not divided": lambda d, h: onp.exp(-(d**2) * h**2 / 2),
    "the kernel's distance is not squared": lambda d, h: onp.exp(-d / (2 * h**2)),
    "the kernel's distance is squared twice": lambda d, h: onp.exp(-(d**4) / (2 * h**2)),
    "the kernel has e^(-|x - y|/h)": lambda d, h: onp.exp(-d / h),
    "h is left out of the kernel": lambda d, h: onp.exp(-(d**2) / 2),
    "the kernel's exponent has a plus": lambda d, h: onp.exp(d**2 / (2 * h**2)),
    "the kernel is divided by its integral in one dimension": lambda d, h: (
        onp.exp(-(d**2) / (2 * h**2)) / (h * onp.sqrt(2 * onp.pi))
    ),
    "it is the energy distance: -|x - y| stands for the kernel": lambda d, h: -d,
    "it is minus the energy distance: |x - y| stands for the kernel": lambda d, h: d,
}


def values(asked, rng):
    """for samples of different sizes, 1 to 3 columns, and three widths of the kernel"""
    return expect(asked, *[_of(rng, *case, 1.0) for case in ((2, 3, 1, 0.8), (5, 4, 3, 1.7), (7, 2, 2, 0.6))])


def one_law(asked, rng):
    """for samples of one law, where an estimate may be below 0"""
    return expect(asked, *[_alike(rng, *case) for case in ((4, 3, 1, 0.7), (5, 5, 2, 1.4))])


def another_mean(asked, rng):
    """with a `mean` that keeps a row's pair with itself"""
    return expect(asked, *[_with_mean(_of(rng, *case, 1.0)) for case in ((2, 3, 1, 0.8), (5, 4, 3, 1.7))])


def _with_mean(question):
    a, b, h = question.arguments
    k = [pair_values(*pair, lambda d: float(gaussian(d, h))) for pair in ((a, a), (b, b), (a, b))]
    right = float(k[0].mean() + k[1].mean() - 2 * k[2].mean())
    slips = [slip("`mean` is not used", "What does the fourth argument do?", mmd=question.answer["mmd"])]

    def mean(k):
        return float(onp.mean(k))

    shown = question.shown | {"mean": "the mean of all N^2 entries"}
    return replace(question, arguments=(a, b, h, mean), answer={"mmd": right}, shown=shown, slips=slips)


def gaussian(d, h):
    return onp.exp(-0.5 * (d / h) ** 2)


def _alike(rng, n, m, D, h):
    """Two samples whose MMD^2 is estimated below 0."""
    tries = (_of(rng, n, m, D, h, 0.0) for _ in range(1000))
    return next(question for question in tries if question.answer["mmd"] < -0.02)


def _of(rng, n, m, D, h, away):
    a, b = rng.normal(size=(n, D)), 1.3 * rng.normal(size=(m, D)) + away
    pairs = ((a, a), (b, b), (a, b))
    sums = [pair_values(*pair, lambda d: float(gaussian(d, h))) for pair in pairs]

    def total(kernel):
        aa, bb, ab = (pair_values(*pair, lambda d: float(kernel(d, h))) for pair in pairs)
        return of_different(aa) + of_different(bb) - 2 * float(ab.mean())

    slips = mistaken_sums(*sums, "mmd") + [slip(name, KERNEL, mmd=total(kernel)) for name, kernel in KERNELS.items()]
    shown = {"a": a, "b": b, "h": h}
    size = f"N = {n}, M = {m}, D = {D}"
    return Question((a, b, h), {"mmd": total(gaussian)}, shown, slips, tolerance=1e-8, size=size)
