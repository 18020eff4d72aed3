"""Task 6.3, knots(a, bound): equation (2)."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.question import Question, expect, slip

SMALLEST = 1e-3  # m of the chapter
CUMULATIVE = "z_k is where k widths reach; where do they start?"


def values(asked, rng):
    """the knots of random numbers, for 2, 5 and 8 bins and three boxes"""
    cases = [(2, 1.0), (5, 3.0), (8, rng.uniform(4, 9))]
    return expect(asked, *[_of(2 * rng.normal(size=K), bound) for K, bound in cases])


def edges(asked, rng):
    """equal numbers give equal bins, a huge number leaves every other bin its share, and one bin is the whole box"""
    huge = onp.concatenate([rng.normal(size=2), [1000.0], rng.normal(size=1)])
    return expect(asked, _of(onp.full(4, rng.normal()), 2.0), _of(huge, 3.0), _of(rng.normal(size=1), 5.0))


def _of(a, bound):
    K = len(a)
    share = onp.array([1 / onp.exp(onp.clip(a - one, None, 700.0)).sum() for one in a])
    width = 2 * bound * (SMALLEST + (1 - K * SMALLEST) * share)
    at = onp.array([width[:k].sum() - bound for k in range(K + 1)])
    floored = onp.maximum(share, SMALLEST)

    def from_left(shares):
        return -bound + 2 * bound * onp.concatenate([[0.0], onp.cumsum(shares)])

    with onp.errstate(all="ignore"):
        overflowing = from_left(SMALLEST + (1 - K * SMALLEST) * onp.exp(a) / onp.exp(a).sum())
    slips = [
        slip("the smallest share m is left out", "How wide is a bin whose number is very negative?", knots=from_left(share)),
        slip("m is added, and nothing is taken away for it", "What do the shares add up to?", knots=from_left(share + SMALLEST)),
        slip("m is added once, not once for each bin", "What do the shares add up to?", knots=from_left(SMALLEST + (1 - SMALLEST) * share)),
        slip("the shares are cut off at m, not mixed with it", "Put numbers into (2).", knots=from_left(floored / floored.sum())),
        slip("the knots start at 0, not at -B", CUMULATIVE, knots=at + bound),
        slip("the box is B wide, not 2 B", "How far is it from -B to B?", knots=-bound + (at + bound) / 2),
        slip("each inner knot is one too far to the right", CUMULATIVE, knots=onp.concatenate([at[:1], at[2:], at[-1:]])),
        slip("each inner knot is one too far to the left", CUMULATIVE, knots=onp.concatenate([at[:1], at[:-2], at[-1:]])),
        slip("the first knot is missing", "K bins have how many edges?", knots=at[1:]),
        slip("the last knot is missing", "K bins have how many edges?", knots=at[:-1]),
        slip("the ends are missing", "K bins have how many edges?", knots=at[1:-1]),
        slip("the widths come back, not the knots", CUMULATIVE, knots=width),
        slip("the numbers are not softmaxed", "May a width be negative?", knots=from_left(a / a.sum())),
        slip("the bins stand in reversed order", "Which bin is the first from the left?", knots=-at[::-1]),
        slip("the knots are 2 B apart from 0", "Print the first and the last one.", knots=2 * bound + at),
        slip("e^a overflows", "What does the softmax of this chapter subtract first?", knots=overflowing),
    ]  # fmt: skip
    return Question(
        (a, float(bound)), {"knots": at}, {"a": a, "bound": float(bound)}, slips, size=f"{K} bins" if K > 1 else "1 bin"
    )
