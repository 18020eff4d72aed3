"""Task 14.1, bits_to(log_p, D, delta): equation (3)."""

from __future__ import annotations

from itertools import product

import numpy as onp

from nfscratch.course.judging.question import Question, expect, slip

THREE = "A uniform law on [0, 1), in steps of 1/8: log p = 0. How many bits?"
DENSITY = {
    "": -1 / onp.log(2),
    "the density's term has the wrong sign": 1 / onp.log(2),
    "the density's term is in nats": -1.0,
    "the density's term is in nats, with the wrong sign": 1.0,
    "the density's term is multiplied by log 2, not divided": -onp.log(2),
    "the density's term is divided by log 10, not by log 2": -1 / onp.log(10),
    "the density's term is missing": 0.0,
}
STEP = {
    "": lambda D, log: -D * log,
    "the term of the step has the wrong sign": lambda D, log: D * log,
    "the term of the step is missing": lambda D, log: 0.0,
    "the term of the step is counted once, not D times": lambda D, log: -log,
    "the term of the step is counted once, not D times, with the wrong sign": lambda D, log: log,
    "the term of the step is in nats": lambda D, log: -D * log * onp.log(2),
    "the term of the step is in nats, with the wrong sign": lambda D, log: D * log * onp.log(2),
    "the term of the step is in nats, and counted once, not D times": lambda D, log: -log * onp.log(2),
    "the term of the step is divided by log 2 once too often": lambda D, log: -D * log / onp.log(2),
    "the term of the step is divided by D, not multiplied": lambda D, log: -log / D,
}


def values(asked, rng):
    """bits of one row, and of several, for steps of 0.1, 1/256, 2 and 1"""
    rows = 8 * rng.normal(size=4)
    return expect(
        asked,
        *[
            _of(*case)
            for case in ((rows, 3, 0.1), (float(rows[0]), 64, 1 / 256), (rows[:2], 2, 2.0), (rows[1:], 5, 1.0))
        ],
    )


def pixels(asked, rng):
    """a uniform image costs 8 bits for each pixel, in whichever units its pixels are"""
    D = int(rng.integers(5, 50))
    cases = ((0.0, D, 1 / 256), (-D * onp.log(256), D, 1.0), (-D * onp.log(2), D, 1 / 128))
    return expect(asked, *[_of(float(log_p), D, delta) for log_p, D, delta in cases])


def _of(log_p, D, delta):
    right = -log_p / onp.log(2) - D * onp.log(delta) / onp.log(2)
    slips = []
    for (first, u), (second, of) in product(DENSITY.items(), STEP.items()):
        if name := ", and ".join(part for part in (first, second) if part):
            slips.append(slip(name, THREE, bits=u * log_p + of(D, onp.log2(delta))))
    slips += [
        slip("bits for each dimension come back", "For how many numbers are the bits of (3)?", bits=right / D),
        slip("the bits of all rows are averaged", "How many numbers go in?", bits=onp.mean(right) if onp.ndim(right) else right),
        slip("the bits of all rows are summed", "How many numbers go in?", bits=onp.sum(right) if onp.ndim(right) else right),
        slip("the bits are rounded up", "Is (3) a whole number?", bits=onp.ceil(right)),
        slip("all of (3) is in nats", THREE, bits=right * onp.log(2)),
        slip("the sign is flipped", THREE, bits=-right),
        slip("the bits are cut off at 0", "May the first term of (3) be negative?", bits=onp.maximum(right, 0.0)),
    ]  # fmt: skip
    return Question(
        (log_p, D, delta), {"bits": right}, {"log_p": log_p, "D": D, "delta": delta}, slips, size=f"D = {D}"
    )
