"""Task 13.4, memoriser(x, rows, sd): the log of a mean of normals, near the rows and far from them."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.question import Question, expect, slip

NORMAL = "Write log N(x; m, sd^2 I) on paper, for D = 2. Which terms are there, and how often?"
MEAN = "q is a mean of M densities: what is q itself for two rows?"


def values(asked, rng):
    """log q at some points, for 1 to 4 columns"""
    return expect(
        asked, *[_of(rng, *case) for case in ((2, 3, 1, 0.5), (3, 5, 2, 0.3), (1, 4, 4, 1.7), (4, 1, 3, 0.8))]
    )


def far_away(asked, rng):
    """fifty and more widths away from every row"""
    return expect(asked, *[_of(rng, *case, away=50.0) for case in ((2, 3, 1, 0.05), (3, 4, 2, 0.1))])


def _of(rng, N, M, D, sd, away=0.0):
    rows = rng.normal(size=(M, D))
    x = rows[rng.integers(M, size=N)] + sd * rng.normal(size=(N, D)) + away * sd * onp.sign(rng.normal(size=(N, 1)))
    squares = ((x[:, None] - rows) ** 2).sum(axis=2)

    exact, terms, log_M = -squares / 2 / sd**2, -D * onp.log(sd * onp.sqrt(2 * onp.pi)), onp.log(M)

    def summed(exponent=exact, constant=terms, less=log_M):
        top = exponent.max(axis=1, keepdims=True)
        return top[:, 0] + onp.log(onp.exp(exponent - top).sum(axis=1)) + constant - less

    right = summed()
    each = exact + terms
    pi = 0.5 * onp.log(2 * onp.pi)
    with onp.errstate(divide="ignore"):
        naive = onp.log(onp.exp(each).mean(axis=1))
    slips = [
        slip("the exponentials are 0 far away, and so their logarithm is not finite", "Which number can be taken out of all exponentials first?", log_q=naive),
        slip("it is the sum of the normals, not their mean: log M is missing", MEAN, log_q=summed(less=0.0)),
        slip("log M is added, not subtracted", MEAN, log_q=summed(less=-onp.log(M))),
        slip("it is divided by the number of points x, not of rows", MEAN, log_q=summed(less=onp.log(N))),
        slip("it is divided by the number of columns, not of rows", MEAN, log_q=summed(less=onp.log(D))),
        slip("it is divided by M, where log M should be subtracted", MEAN, log_q=summed(less=0.0) / M),
        slip("the logs are averaged, not the densities", MEAN, log_q=each.mean(axis=1)),
        slip("the logs are summed: that is a product of densities", MEAN, log_q=each.sum(axis=1)),
        slip("only the nearest row counts", MEAN, log_q=each.max(axis=1)),
        slip("only the nearest row counts, divided by M", MEAN, log_q=each.max(axis=1) - onp.log(M)),
        slip("the density comes back, not its logarithm", NORMAL, log_q=onp.exp(right)),
        slip("the terms without x are counted once, not D times", NORMAL, log_q=summed(constant=-onp.log(sd) - pi)),
        slip("the term log 2 pi is counted once, not D times", NORMAL, log_q=summed(constant=-D * onp.log(sd) - pi)),
        slip("the term log sd is counted once, not D times", NORMAL, log_q=summed(constant=-onp.log(sd) - D * pi)),
        slip("the terms without x are missing", NORMAL, log_q=summed(constant=0.0)),
        slip("the term log 2 pi is missing", NORMAL, log_q=summed(constant=-D * onp.log(sd))),
        slip("the term log sd is missing", NORMAL, log_q=summed(constant=-D * pi)),
        slip("the term log sd is added, not subtracted", NORMAL, log_q=summed(constant=D * onp.log(sd) - D * pi)),
        slip("the term log 2 pi is added, not subtracted", NORMAL, log_q=summed(constant=-D * onp.log(sd) + D * pi)),
        slip("the term log 2 pi lacks its 1/2", NORMAL, log_q=summed(constant=-D * onp.log(sd) - 2 * D * pi)),
        slip("the term log sd is doubled", NORMAL, log_q=summed(constant=-2 * D * onp.log(sd) - D * pi)),
        slip("the term log sd is halved", NORMAL, log_q=summed(constant=-D * onp.log(sd) / 2 - D * pi)),
        slip("log pi stands for log 2 pi", NORMAL, log_q=summed(constant=-D * onp.log(sd) - D * onp.log(onp.pi) / 2)),
        slip("the 1/2 in front of the square is missing", NORMAL, log_q=summed(-squares / sd**2)),
        slip("the square is divided by sd, not by sd^2", NORMAL, log_q=summed(-squares / 2 / sd)),
        slip("the distance is divided by sd^2, and then squared", NORMAL, log_q=summed(-squares / 2 / sd**4)),
        slip("the square is not divided by sd^2", NORMAL, log_q=summed(-squares / 2)),
        slip("the square is multiplied by sd^2, not divided", NORMAL, log_q=summed(-squares / 2 * sd**2)),
        slip("the distance is not squared", NORMAL, log_q=summed(-onp.sqrt(squares) / sd / 2)),
        slip("the square has a plus", NORMAL, log_q=summed(squares / 2 / sd**2)),
        slip("all rows of x are summed", "How many numbers are asked for?", log_q=right.sum()),
        slip("all rows of x are averaged", "How many numbers are asked for?", log_q=right.mean()),
        slip("the axes are exchanged: the mean runs over x", "Which axis counts the training rows?", log_q=onp.log(onp.exp(each).mean(axis=0)) if not away else onp.full(M, onp.inf)),
        slip("there is one number for each training row, not their mean", MEAN, log_q=each),
    ]  # fmt: skip
    shown = {"x": x, "rows": rows, "sd": sd}
    return Question((x, rows, sd), {"log_q": right}, shown, slips, tolerance=1e-8, size=f"D = {D}, M = {M}")
