"""Task 7.3, clenshaw_curtis(n): equation (8), against the rule that is exact for polynomials up to degree n."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.question import Question, expect, slip

SIZES = (2, 3, 4, 5, 8, 9)
EIGHT = "Compare with (8), factor by factor; for n = 2 it is Simpson's rule."


def points(asked, rng):
    """the n + 1 points between 0 and 1, for even and odd n"""
    return expect(asked, *[_of(n, "points") for n in SIZES])


def weights(asked, rng):
    """the weights: with them all polynomials up to degree n are integrated exactly, for even and odd n"""
    return expect(asked, *[_of(n, "weights") for n in SIZES])


def _exact(t, n):
    """The only weights at the points t with which Chebyshev's polynomials 0 to n have their integrals."""
    j = onp.arange(n + 1)
    integrals = onp.where(j % 2 == 0, 1 / (1.0 - j.astype(float) ** 2 + (j == 1)), 0.0)
    return onp.linalg.solve(onp.cos(onp.outer(j, onp.arccos(2 * t - 1))), integrals)


def _formula(n, beta=None, sign=1, turn=2.0, divisor=None, ends=True, shift=1.0):
    i, j = onp.arange(n + 1), onp.arange(1, n // 2 + 1)
    beta = onp.where(2 * j == n, 1, 2) if beta is None else onp.full(len(j), beta)
    q = (1 - sign * onp.cos(turn * onp.pi * onp.outer(i, j) / n) @ (beta / (4.0 * j**2 - shift))) / (divisor or n)
    q[[0, -1]] /= 2 if ends else 1
    return q


def _of(n, judged):
    t = (1 - onp.cos(onp.pi * onp.arange(n + 1) / n)) / 2
    q, last = _exact(t, n), onp.full(n // 2, 2.0)
    last[-1:] = 1
    slips = [
        slip("the points lie between -1 and 1", "Which interval does (8) integrate over?", points=onp.sort(2 * t - 1)),
        slip("the points are equally spaced", "Which angles stand in (8)?", points=onp.arange(n + 1) / n),
        slip("the last point is missing", "i runs from 0 to n.", points=t[:-1]),
        slip("the points are half as far apart", "How far does the cosine run, from i = 0 to i = n?", points=(1 - onp.cos(onp.pi * onp.arange(n + 1) / (2 * n))) / 2),
        slip("the weights at the ends are not halved", EIGHT, weights=_formula(n, ends=False)),
        slip("beta is 2 for every j", "What is beta for j = n/2?", weights=_formula(n, beta=2.0)),
        slip("beta is 1 for every j", "What is beta for j below n/2?", weights=_formula(n, beta=1.0)),
        slip("the last beta is 1 for odd n too", "For an odd n, is there a j = n/2?", weights=_formula_with(n, last)),
        slip("the sum is added, not subtracted", EIGHT, weights=_formula(n, sign=-1)),
        slip("the angle lacks its factor 2", EIGHT, weights=_formula(n, turn=1.0)),
        slip("it is divided by n + 1, not n", EIGHT, weights=_formula(n, divisor=n + 1)),
        slip("the 1 in 4 j^2 - 1 is missing", EIGHT, weights=_formula(n, shift=0.0)),
        slip("the 1 in 4 j^2 - 1 is added", EIGHT, weights=_formula(n, shift=-1.0)),
        slip("the weights are those of an interval twice as long", "What do the weights add up to?", weights=2 * q),
        slip("all weights are equal", EIGHT, weights=onp.full(n + 1, 1 / (n + 1))),
    ]  # fmt: skip
    read = _sorted if judged == "points" else _itself
    return Question((n,), {"points": t, "weights": q}, {"n": n}, slips, (judged,), 1e-10, f"n = {n}", read)


def _formula_with(n, beta):
    i, j = onp.arange(n + 1), onp.arange(1, n // 2 + 1)
    q = (1 - onp.cos(2 * onp.pi * onp.outer(i, j) / n) @ (beta / (4.0 * j**2 - 1))) / n
    q[[0, -1]] /= 2
    return q


def _sorted(value):
    """Points may come in falling order; the weights are the same from both ends."""
    return onp.sort(value) if isinstance(value, onp.ndarray) and value.ndim == 1 else value


def _itself(value):
    return value
