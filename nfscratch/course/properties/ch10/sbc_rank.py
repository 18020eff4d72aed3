"""Task 10.8, sbc_rank(theta, draws): equation (12), against a search among sorted draws."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.question import Question, expect, slip

COUNT = "theta = 2, and the draws are 1, 1.5 and 5. What is the rank?"
EACH = "How many numbers are there for D variables?"
SHAPES = ((9, 1), (20, 3), (4, 2), (1, 2), (99, 5))  # L, D


def ranks(asked, rng):
    """the rank of each variable, for 1 to 99 draws"""
    return expect(asked, *[_of(rng, L, D) for L, D in SHAPES])


def ends(asked, rng):
    """0 where all draws are above, L where all are below, and a draw that equals theta is not below it"""
    return expect(asked, *[_of(rng, L, D, move) for move in ("above", "below", "ties") for L, D in ((9, 1), (20, 3))])


def _of(rng, L, D, move=""):
    theta, draws = rng.normal(size=D), rng.normal(size=(L, D))
    if move == "ties":
        theta, draws = rng.integers(3, size=D) + 1.0, rng.integers(5, size=(L, D)) + 0.0
        draws[0] = theta
    elif move:
        draws += 10 if move == "above" else -10
    rank = onp.array([onp.searchsorted(onp.sort(column), value) for column, value in zip(draws.T, theta, strict=True)])
    at_most = onp.array(
        [onp.searchsorted(onp.sort(column), value, "right") for column, value in zip(draws.T, theta, strict=True)]
    )
    slips = [
        slip("a draw that equals theta is counted as one below it", "What does (12) say of a draw that is theta itself?", rank=at_most),
        slip("the draws above theta are counted, not those below", COUNT, rank=L - at_most),
        slip("the draws that are not below theta are counted", COUNT, rank=L - rank),
        slip("it counts from 1, not from 0", COUNT, rank=rank + 1),
        slip("it is a share of the draws, not their number", COUNT, rank=rank / L),
        slip("it is a share of L + 1, not a number of draws", COUNT, rank=rank / (L + 1)),
        slip("it is a share of L + 1, not a number of draws", COUNT, rank=(rank + 1) / (L + 1)),
        slip("it is added up over the variables", EACH, rank=rank.sum()),
        slip("it is added up over the variables, not over the draws", EACH, rank=(draws < theta).sum(axis=1)),
        slip("it is the mean over the variables", EACH, rank=rank.mean()),
        slip("all variables must be below theta at once", EACH, rank=(draws < theta).all(axis=1).sum()),
        slip("it is the table of comparisons, not their number", COUNT, rank=draws < theta),
        slip("it is the number of draws", COUNT, rank=onp.full(D, L)),
        slip("the draws of all variables are compared with every theta", EACH, rank=onp.array([(draws < value).sum() for value in theta])),
        slip("every variable is compared with the first theta", EACH, rank=(draws < theta[0]).sum(axis=0)),
    ]  # fmt: skip
    shown = {"theta": theta, "draws": draws}
    return Question((theta, draws), {"rank": rank}, shown, slips, size=f"L = {L}, D = {D}")
