"""Task 13.5, energy_distance(a, b): equation (5), pair by pair."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch13.two_samples import mistaken_sums, of_different, pair_values


def values(asked, rng):
    """for samples of different sizes, and 1 to 3 columns"""
    return expect(asked, *[_of(rng, *sizes, 1.5) for sizes in ((2, 3, 1), (5, 4, 3), (7, 2, 2))])


def one_law(asked, rng):
    """for samples of one law, where an estimate may be below 0"""
    return expect(asked, *[_alike(rng, *sizes) for sizes in ((4, 3, 1), (5, 5, 2))])


def _alike(rng, n, m, D):
    """Two samples whose energy distance is estimated below 0."""
    tries = (_of(rng, n, m, D, 0.0) for _ in range(1000))
    return next(question for question in tries if question.answer["energy"] < -0.05)


def _of(rng, n, m, D, away):
    a, b = rng.normal(size=(n, D)), 1.3 * rng.normal(size=(m, D)) + away
    aa, bb, ab = (-pair_values(*pair, lambda d: d) for pair in ((a, a), (b, b), (a, b)))
    squares = [of_different(k**2) for k in (aa, bb)], float((ab**2).mean())
    per_column = [pair_values(*pair, lambda d: d / D**0.5) for pair in ((a, a), (b, b), (a, b))]
    between_means = float(onp.sqrt(((a.mean(axis=0) - b.mean(axis=0)) ** 2).sum()))
    slips = [
        *mistaken_sums(aa, bb, ab, "energy"),
        slip("the distances are squared", "What stands between the bars of (5)?", energy=2 * squares[1] - sum(squares[0])),
        slip("the distances are divided by sqrt(D)", "What stands between the bars of (5)?",
             energy=2 * float(per_column[2].mean()) - of_different(per_column[0]) - of_different(per_column[1])),
        slip("it is the distance of the two means", "The mean of what is taken in (5)?", energy=between_means),
    ]  # fmt: skip
    right = 2 * float(-ab.mean()) + of_different(aa) + of_different(bb)
    shown = {"a": a, "b": b}
    return Question((a, b), {"energy": right}, shown, slips, tolerance=1e-7, size=f"N = {n}, M = {m}, D = {D}")
