"""Task 2.1, triangle(t, s): every entry; D = 4 is the first size at which rows and columns are filled differently."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch02.factors import lower, numbers_below

DIAGONAL = "What stands on the diagonal of T, below equation (3)?"
FILL = "Which entry comes after t_21, row by row?"


def entries(asked, rng):
    """every entry, for D = 1, 2, 4 and 5"""
    return expect(asked, *[_of(numbers_below(rng, D), rng.normal(size=D)) for D in (2, 4, 5, 1)])


def _of(t, s):
    T, D = lower(t, s), len(s)
    strict = onp.tril(T, -1)
    above = onp.diag(onp.exp(s))
    above[onp.triu_indices(D, 1)] = t
    upper = "Which side of the diagonal is lower: that of t_21, or that of t_12?"
    slips = [
        slip("the diagonal is s, not e^s", DIAGONAL, T=strict + onp.diag(s)),
        slip("the diagonal is e^(-s)", DIAGONAL, T=strict + onp.diag(onp.exp(-s))),
        slip("the diagonal is e^(s/2)", DIAGONAL, T=strict + onp.diag(onp.exp(s / 2))),
        slip("the zeros above the diagonal became e^0", "What is the exponential of 0?", T=T + onp.triu(onp.ones((D, D)), 1)),
        slip("the diagonal is 1", DIAGONAL, T=strict + onp.eye(D)),
        slip("the diagonal is missing", DIAGONAL, T=strict),
        slip("it is filled column by column, not row by row", FILL, T=above.T),
        slip("it is an upper triangle", upper, T=T.T),
        slip("it is an upper triangle", upper, T=above),
        slip("it is filled from the last number to the first", FILL, T=lower(t[::-1], s)),
        slip("the entries below the diagonal are exponentials too", "Which entries have to be positive?", T=lower(onp.exp(t), s)),
        slip("the entries below the diagonal are missing", "How many numbers has t?", T=onp.diag(onp.exp(s))),
        slip("both sides of the diagonal are filled", "What is a triangle?", T=T + strict.T),
    ]  # fmt: skip
    return Question((t, s), {"T": T}, {"t": t, "s": s}, slips, size=f"D = {D}")
