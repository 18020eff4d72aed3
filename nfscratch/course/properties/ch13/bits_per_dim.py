"""Task 13.2, bits_per_dim(log_p, D): equation (3)."""

from __future__ import annotations

from itertools import product

import numpy as onp

from nfscratch.course.judging.question import Question, expect, slip

THREE = "Count on paper: P = 1/4, and D = 2. How many bits each?"
SIGNS = {"": -1.0, "the sign is flipped": 1.0}
SIZES = {"": lambda D: 1 / D, "it is not divided by D": lambda D: 1.0, "it is multiplied by D, not divided": float,
         "it is divided by sqrt(D), not by D": lambda D: D**-0.5, "it is divided by D twice": lambda D: D**-2.0}  # fmt: skip
UNITS = {"": 1 / onp.log(2), "nats come back: log 2 is missing": 1.0, "it is multiplied by log 2, not divided": onp.log(2),
         "it is divided by 2, not by log 2": 0.5, "the logarithm is to base 10": 1 / onp.log(10),
         "it is divided by log 256": 1 / onp.log(256)}  # fmt: skip


def values(asked, rng):
    """bits of one image, and of several, for D = 64, 3 and 1"""
    log_p = rng.normal(size=5) * 20 - 60
    return expect(asked, *[_of(p, D) for p, D in ((float(log_p[0]), 64), (log_p, 3), (log_p[:2], 1))])


def uniform(asked, rng):
    """8 bits where 256 values are alike, and 1 where two are"""
    return expect(asked, *[_of(-D * onp.log(n), D) for n, D in ((256, int(rng.integers(2, 100))), (2, 5), (256, 1))])


def _of(log_p, D):
    right = -log_p / D / onp.log(2)
    slips = []
    for (sign, s), (size, f), (unit, u) in product(SIGNS.items(), SIZES.items(), UNITS.items()):
        if name := ", and ".join(part for part in (sign, size, unit) if part):
            slips.append(slip(name, THREE, bits=s * f(D) * u * log_p))
    slips += [
        slip("8 bits are added", "Is log_p that of whole numbers, or of numbers from 0 to 1?", bits=right + 8),
        slip("8 bits are subtracted", "Is log_p that of whole numbers, or of numbers from 0 to 1?", bits=right - 8),
        slip("the mean of all images comes back", "How many numbers go in?", bits=onp.mean(right) if onp.ndim(right) else right),
        slip("the sum of all images comes back", "How many numbers go in?", bits=onp.sum(right) if onp.ndim(right) else right),
    ]  # fmt: skip
    return Question((log_p, D), {"bits": right}, {"log_p": log_p, "D": D}, slips, size=f"D = {D}")
