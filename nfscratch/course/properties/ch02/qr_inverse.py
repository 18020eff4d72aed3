"""Task 2.6, qr_inverse(x, vectors, upper, s, b): equation (8) undone."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.pair import own_log_det
from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch02.factors import lower, numbers_below, product, reflections
from nfscratch.course.properties.ch02.log_dets import slips_of_inverse

SIZES = ((2, 2), (3, 2), (5, 4), (1, 1))  # D, reflections
LAST_FIRST = "In which order are the steps of z -> x undone?"
UPPER = "On which side of its diagonal has R its numbers, and which row has one unknown?"


def undoes(asked, rng):
    """inverse(forward(z)) = z, for D = 1, 2, 3 and 5"""
    return expect(asked, *[_of(rng, D, M, "z") for D, M in SIZES])


def log_det(asked, rng):
    """the log-det against the known one, and against a numeric Jacobian"""
    fault = expect(asked, *[_of(rng, D, M, "log_det") for D, M in SIZES])
    return fault or own_log_det(asked, rng.normal(size=(2, 3)), _random(rng, 3, 2))


def _random(rng, D, M):
    return rng.normal(size=(M, D)), numbers_below(rng, D), rng.normal(size=D), rng.normal(size=D)


def _of(rng, D, M, judged):
    vectors, above, s, b = others = _random(rng, D, M)
    z, H, R, solve = rng.normal(size=D), reflections(vectors), lower(above, s).T, onp.linalg.solve
    Q = product(H, D)
    x = Q @ R @ z + b
    y = Q.T @ (x - b)
    slips = [
        slip("the reflections are undone in the order in which they were applied", "Which reflection came last, on the way forward?", z=solve(R, Q @ (x - b))),
        slip("the vectors are reversed before householder_inverse, which reverses their order itself", LAST_FIRST, z=solve(R, product(reflections(vectors[::-1]), D).T @ (x - b))),
        slip("Q is not undone", LAST_FIRST, z=solve(R, x - b)),
        slip("R is not undone", LAST_FIRST, z=y),
        slip("the shift is not undone", LAST_FIRST, z=solve(R, Q.T @ x)),
        slip("the shift is added, not subtracted", LAST_FIRST, z=solve(R, Q.T @ (x + b))),
        slip("the shift is undone twice", "What does householder_inverse do with b?", z=solve(R, Q.T @ (x - 2 * b))),
        slip("the shift is undone after Q, not before", LAST_FIRST, z=solve(R, Q.T @ x - b)),
        slip("the shift is undone last, not first", LAST_FIRST, z=solve(R, Q.T @ x) - b),
        slip("R is undone before Q", LAST_FIRST, z=Q.T @ solve(R, x - b)),
        slip("R is undone before Q, and the shift in between", LAST_FIRST, z=Q.T @ (solve(R, x) - b)),
        slip("R is multiplied, not undone", "What undoes a product with R?", z=R @ y),
        slip("of R only the diagonal is undone: it is solved from the top", UPPER, z=y * onp.exp(-s)),
        slip("R is taken for a lower triangle", UPPER, z=solve(R.T, y)),
        slip("R has ones on its diagonal", "Where does e^s stand, in (8)?", z=solve(lower(above, 0 * s).T, y)),
        slip("R has e^(-s) on its diagonal", "Where does e^s stand, in (8)?", z=solve(lower(above, -s).T, y)),
        slip(Mistake.APPLIES_FORWARD, z=Q @ R @ x + b),
        *slips_of_inverse(s),
    ]  # fmt: skip
    shown = {"x": x, "vectors": vectors, "upper": above, "s": s, "b": b}
    return Question((x, *others), {"z": z, "log_det": -float(s.sum())}, shown, slips, (judged,), 1e-8, f"D = {D}")
