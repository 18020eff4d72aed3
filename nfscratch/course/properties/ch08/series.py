"""Task 8.5, series(J, n): n terms of equation (8), against powers of the eigenvalues."""

from __future__ import annotations

import math

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.question import Question, expect, slip

COUNT, POWER = "Write down the terms for n = 1 and n = 2.", "Which power of J stands in the k-th term?"


def terms(asked, rng):
    """one, two, three and seven terms, for matrices of 1, 2 and 4 rows that are not symmetric"""
    return expect(asked, *[_of(rng, D, n) for D in (2, 4, 1) for n in (1, 2, 3, 7)])


def limit(asked, rng):
    """with 200 terms it is log det(I + J)"""
    return expect(asked, *[_of(rng, D, 200, 0.6) for D in (1, 3)])


def _of(rng, D, n, size=0.9):
    J = rng.normal(size=(D, D))
    J *= size / onp.abs(onp.linalg.eigvals(J)).max()
    eigenvalues = onp.linalg.eigvals(J)

    def summed(first, last, of):
        return float(sum((of(k) for k in range(first, last + 1)), 0.0))

    def trace(k):
        return (eigenvalues**k).sum().real

    def term(k):
        return (-1) ** (k + 1) / k * trace(k)

    right = summed(1, n, term) if n < 200 else float(onp.log(1 + eigenvalues).sum().real)
    slips = [
        slip(Mistake.SERIES_SIGN, "Compare with log(1 + a) = a - a^2/2 + a^3/3 - ...", total=summed(1, n, lambda k: trace(k) / k)),
        slip("every sign is flipped", COUNT, total=-right),
        slip("the factor 1/k is missing", COUNT, total=summed(1, n, lambda k: k * term(k))),
        slip("it is divided by k!, not by k", "Which function has k! in its series?", total=summed(1, n, lambda k: term(k) * k * math.exp(-math.lgamma(k + 1)))),
        slip("it is divided by k + 1, not by k", COUNT, total=summed(1, n, lambda k: term(k) * k / (k + 1))),
        slip("the last term is missing", COUNT, total=summed(1, n - 1, term)),
        slip("it has one term too many", COUNT, total=summed(1, n + 1, term)),
        slip("it is only the last term", COUNT, total=term(n)),
        slip("it is the power of the trace, not the trace of the power", POWER, total=summed(1, n, lambda k: (-1) ** (k + 1) / k * onp.trace(J) ** k)),
        slip("the entries are raised to powers, not the matrix", "What is the difference between J ** 2 and J @ J?", total=summed(1, n, lambda k: (-1) ** (k + 1) / k * onp.trace(J**k))),
        slip("the powers start at J^0", POWER, total=summed(1, n, lambda k: (-1) ** (k + 1) / k * trace(k - 1))),
        slip("the powers start at J^2", POWER, total=summed(1, n, lambda k: (-1) ** (k + 1) / k * trace(k + 1))),
        slip("the trace is divided by D", "What is the sum of the eigenvalues?", total=right / D),
        slip("every term has J itself, not its power", POWER, total=summed(1, n, lambda k: (-1) ** (k + 1) / k * trace(1))),
    ]  # fmt: skip
    return Question((J, n), {"total": right}, {"J": J, "n": n}, slips, tolerance=1e-8, size=f"D = {D}")
