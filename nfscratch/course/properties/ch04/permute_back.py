"""Task 4.6, permute_back(x, order): the inverse of equation (9), for permutations that are not their own inverse."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.question import Question, expect, slip

CYCLES = ([1, 2, 0], [2, 0, 1], [2, 0, 3, 4, 1])


def undoes(asked, rng):
    """it undoes permute: two cycles of three variables, and one of five"""
    return expect(asked, *[_of(rng, order, "z") for order in CYCLES])


def log_det(asked, rng):
    """a permutation keeps volume"""
    return expect(asked, *[_of(rng, order, "log_det") for order in CYCLES])


def _of(rng, order, judged):
    order, z = onp.array(order), rng.normal(size=len(order))
    x = z[order]
    slips = [
        slip(Mistake.PERMUTATION, z=x[order]),
        slip("x comes back as it is", "Where does the first entry of x belong?", z=x),
        slip("x comes back reversed", "Which permutations does a reversal undo?", z=x[::-1]),
        slip("the entries are sorted by value", "What has to be sorted: places, or values?", z=onp.sort(x)),
        slip("the inverse order comes back, without the numbers", "Which numbers are to be moved?", z=onp.argsort(order)),
        slip("a permutation is said to change volume", "What is the log of 1?", log_det=1.0),
        slip("the log-det is the number of variables", "What is |det| of a permutation matrix?", log_det=len(x)),
    ]  # fmt: skip
    shown = {"x": x, "order": order}
    return Question((x, order), {"z": z, "log_det": 0.0}, shown, slips, (judged,), size=f"D = {len(order)}")
