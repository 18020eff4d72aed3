"""Task 2.2, substitute(T, y): y was computed from z, so z is known; and a triangle of which nothing above is read."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch02.factors import lower, numbers_below

DIVISOR = "By what does equation (4) divide?"
ROW = "Multiply your z with row i of T: what should come out?"


def residual(asked, rng):
    """T z = y, for D = 1, 2, 3 and 6"""
    return expect(
        asked, *[_of(lower(numbers_below(rng, D), rng.normal(size=D)), rng.normal(size=D)) for D in (1, 2, 3, 6)]
    )


def _of(T, z):
    y, d = T @ z, onp.diag(T)
    D, L = len(y), onp.tril(T, -1)
    slips = [
        slip("the division by t_ii is missing", DIVISOR, z=_from_the_top(L + onp.eye(D), y)),
        slip("it multiplies by t_ii, where it should divide", DIVISOR, z=_from_the_top(L + onp.diag(1 / d), y)),
        slip("only y_i is divided by t_ii, not the whole difference", DIVISOR, z=_from_the_top(L + onp.eye(D), y / d)),
        slip("the sum is added, not subtracted", ROW, z=_from_the_top(onp.diag(d) - L, y)),
        slip("the sum runs over y, not over z", "Which numbers does row i multiply?", z=(y - L @ y) / d),
        slip("only the diagonal is undone", ROW, z=y / d),
        slip("the triangle is read from above its diagonal", "Which entries of T are 0?", z=onp.linalg.solve(T.T, y)),
        slip("the sum takes one entry too few", "Write down row 2 of T z = y.", z=_from_the_top(onp.diag(d) + onp.tril(T, -2), y)),
        slip("the sum takes the last entry alone", "Write down row 3 of T z = y.", z=_from_the_top(onp.diag(d) + L - onp.tril(T, -2), y)),
        slip("row 1 is left out", "Write down row 1 of T z = y.", z=_from_the_top(T, onp.append(0.0, y[1:]))),
        slip("the last row is left out", "How many rows has T z = y?", z=onp.append(z[:-1], 0.0)),
        slip("T is applied, not undone", "Which of y and z is given?", z=T @ y),
    ]  # fmt: skip
    return Question((T, y), {"z": z}, {"T": T, "y": y}, slips, size=f"D = {D}")


def _from_the_top(T, y):
    return onp.linalg.solve(T, y)
