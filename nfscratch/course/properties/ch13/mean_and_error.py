"""Task 13.1, mean_and_error(x): equation (2)."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.question import Question, expect, slip

ROOTS = "Put x = 0, 2 into (2): the error is 1."
SIZES = (5, 2, 40)


def mean(asked, rng):
    """the mean of 2, 5 and 40 numbers"""
    return expect(asked, *[_of(rng, n, "mean") for n in SIZES])


def error(asked, rng):
    """its standard error by (2)"""
    return expect(asked, *[_of(rng, n, "error") for n in SIZES])


def _of(rng, n, judged):
    x = rng.normal(size=n) * 3 + 1
    m = sum(x) / n
    squares = float(((x - m) ** 2).sum())
    right = (squares / (n - 1) / n) ** 0.5
    slips = [
        slip("it is the sum", "What is x_bar for x = 0, 2?", mean=x.sum()),
        slip("it is the median", "What is x_bar for x = 0, 0, 3?", mean=onp.median(x)),
        slip("it is divided by N - 1", "Which of the two divisions of (2) has N - 1?", mean=x.sum() / (n - 1)),
        slip("it is 0", "Of what is the mean taken?", mean=0.0),
        slip("the squares are divided by N, not by N - 1", ROOTS, error=(squares / n / n) ** 0.5),
        slip("the spread of one number comes back: 1/sqrt(N) is missing", ROOTS, error=(squares / (n - 1)) ** 0.5),
        slip("the spread of one number comes back: 1/sqrt(N) is missing, and N stands for N - 1", ROOTS, error=(squares / n) ** 0.5),
        slip("it is divided by N, not by sqrt(N)", ROOTS, error=(squares / (n - 1)) ** 0.5 / n),
        slip("it is divided by N, not by sqrt(N), and N stands for N - 1", ROOTS, error=(squares / n) ** 0.5 / n),
        slip("N - 1 stands for N, too", ROOTS, error=squares**0.5 / (n - 1)),
        slip("N - 2 stands for N - 1", ROOTS, error=(squares / (n - 2) / n) ** 0.5 if n > 2 else onp.inf),
        slip("it is multiplied by sqrt(N), not divided", ROOTS, error=(squares / (n - 1) * n) ** 0.5),
        slip("it is the square of the error: the root is missing", ROOTS, error=squares / (n - 1) / n),
        slip("it is the variance of one number", ROOTS, error=squares / (n - 1)),
        slip("it is the variance of one number, with N for N - 1", ROOTS, error=squares / n),
        slip("it is the variance divided by sqrt(N)", ROOTS, error=squares / (n - 1) / n**0.5),
        slip("the mean is not subtracted before squaring", "What does (2) square?", error=(float((x**2).sum()) / (n - 1) / n) ** 0.5),
        slip("absolute values are taken, not squares", "What does (2) square?", error=float(onp.abs(x - m).mean()) / n**0.5),
        slip("it is twice the error", "One standard error is asked for.", error=2 * right),
        slip("it is 1.96 times the error", "One standard error is asked for.", error=1.96 * right),
    ]  # fmt: skip
    return Question((x,), {"mean": m, "error": right}, {"x": x}, slips, (judged,), size=f"N = {n}")
