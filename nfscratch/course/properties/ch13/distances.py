"""Task 13.3, distances(a, b): |a_i - b_j| for all pairs, also for a row and itself."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch13.two_samples import pair_values

SQUARE = "Write |a - b|^2 as three terms, for one pair of numbers."


def values(asked, rng):
    """one number for each pair, for 1 to 4 columns"""
    return expect(asked, *[_of(rng, *sizes) for sizes in ((2, 3, 1), (4, 3, 4), (1, 5, 2))])


def same_rows(asked, rng):
    """the distance of a row to itself is 0, and finite in spite of rounding"""
    a = rng.normal(size=(40, 5))

    def read(value):
        broken = isinstance(value, onp.ndarray) and value.shape == (40, 40) and onp.isnan(value).any()
        return onp.full((40, 40), onp.inf) if broken else value

    slips = [
        slip("NaN comes for a row and itself", "Rounding may leave -1e-16 where 0 should be. What is its root?", d=onp.full((40, 40), onp.inf)),
    ]  # fmt: skip
    right = pair_values(a, a, lambda d: d)
    shown = {"a and b": "the same 40 rows of 5 numbers"}
    return expect(asked, Question((a, a.copy()), {"d": right}, shown, slips, tolerance=1e-6, read=read))


def _of(rng, N, M, D):
    a, b = rng.normal(size=(N, D)), rng.normal(size=(M, D)) + 0.5
    apart = a[:, None] - b
    products, square_a, square_b = a @ b.T, (a**2).sum(axis=1)[:, None], (b**2).sum(axis=1)
    right = pair_values(a, b, lambda d: d)
    slips = [
        slip("the squares of the distances come back", "What is the distance of 0 and 2?", d=right**2),
        slip("it is transposed", "Which index counts the rows of the result?", d=right.T),
        slip("the sum of the absolute values is taken", "What is the distance of (0, 0) and (3, 4)?", d=onp.abs(apart).sum(axis=2)),
        slip("the largest entry is taken", "What is the distance of (0, 0) and (3, 4)?", d=onp.abs(apart).max(axis=2)),
        slip("the mean over the columns is taken, not the sum", "What is the distance of (0, 0) and (3, 4)?", d=onp.sqrt((apart**2).mean(axis=2))),
        slip("the squares of the distances come back, as a mean over the columns", "What is the distance of (0, 0) and (3, 4)?", d=(apart**2).mean(axis=2)),
        slip("the absolute values are averaged over the columns", "What is the distance of (0, 0) and (3, 4)?", d=onp.abs(apart).mean(axis=2)),
        slip("the product of a and b is counted once, not twice", SQUARE, d=onp.sqrt(onp.maximum(square_a + square_b - products, 0))),
        slip("the product of a and b is counted once, not twice, and the root is missing", SQUARE, d=square_a + square_b - products),
        slip("the product of a and b has the wrong sign", SQUARE, d=onp.sqrt(square_a + square_b + 2 * products)),
        slip("the product of a and b is missing", SQUARE, d=onp.sqrt(square_a + square_b)),
        slip("the differences come back, without square and root", "What is the distance of (0, 0) and (3, 4)?", d=apart.sum(axis=2)),
        slip("there is one number for each column", "What is the distance of (0, 0) and (3, 4)?", d=apart),
        slip("it is the product of a and b", SQUARE, d=products),
        slip("all distances are summed", "How many pairs are there?", d=right.sum()),
        slip("all distances are averaged", "How many pairs are there?", d=right.mean()),
        slip("all pairs are put into one row", "Which shape does the docstring ask for?", d=right.ravel()),
    ]  # fmt: skip
    shown = {"a": a, "b": b}
    return Question((a, b), {"d": right}, shown, slips, tolerance=1e-8, size=f"N = {N}, M = {M}, D = {D}")
