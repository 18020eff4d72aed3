"""Task 2.5, plu_inverse(x, order, lower, upper, s, b): equation (7) undone, for permutations that are not their own inverse."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.pair import own_log_det
from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch02.factors import ORDERS, lower, numbers_below
from nfscratch.course.properties.ch02.log_dets import slips_of_inverse

DIMS = (2, 3, 5, 1)
LAST_FIRST = "In which order are the steps of z -> x undone?"
WHICH = "Which of the two triangles has ones on its diagonal, and which is upper?"


def undoes(asked, rng):
    """inverse(forward(z)) = z, for D = 1, 2, 3 and 5"""
    return expect(asked, *[_of(rng, D, "z") for D in DIMS])


def log_det(asked, rng):
    """the log-det against the known one, and against a numeric Jacobian"""
    fault = expect(asked, *[_of(rng, D, "log_det") for D in DIMS])
    return fault or own_log_det(asked, rng.normal(size=(2, 3)), _random(rng, 3))


def _random(rng, D):
    order = onp.array(ORDERS[D])
    return order, numbers_below(rng, D), numbers_below(rng, D), rng.normal(size=D), rng.normal(size=D)


def _of(rng, D, judged):
    order, below, above, s, b = others = _random(rng, D)
    z, P, L, U = rng.normal(size=D), onp.eye(D)[order], lower(below, 0 * s), lower(above, s).T
    x = P @ L @ U @ z + b
    y, solve = P.T @ (x - b), onp.linalg.solve
    diagonal = onp.diag(onp.exp(s))
    slips = [
        slip(Mistake.P_LEFT_OUT, z=solve(L @ U, x - b)),
        slip(Mistake.PERMUTATION, z=solve(L @ U, P @ (x - b))),
        slip("the shift is not undone", LAST_FIRST, z=solve(P @ L @ U, x)),
        slip("the shift is added, not subtracted", LAST_FIRST, z=solve(P @ L @ U, x + b)),
        slip("the shift is undone after P, not before", LAST_FIRST, z=solve(L @ U, P.T @ x - b)),
        slip("the shift is undone last, not first", LAST_FIRST, z=solve(P @ L @ U, x) - b),
        slip("U is undone before L", LAST_FIRST, z=solve(U @ L, y)),
        slip("P is undone last, not first", LAST_FIRST, z=P.T @ solve(L @ U, x - b)),
        slip("L is not undone", LAST_FIRST, z=solve(U, y)),
        slip("U is not undone", LAST_FIRST, z=solve(L, y)),
        slip("of U only the diagonal is undone: it is solved from the top", "In which row of U z = y is there one unknown?", z=solve(diagonal, solve(L, y))),
        slip("U is taken for a lower triangle", WHICH, z=solve(U.T, solve(L, y))),
        slip("e^s stands on the diagonal of L, too", WHICH, z=solve(U, solve(lower(below, s), y))),
        slip("e^s stands on the diagonal of L, not on that of U", WHICH, z=solve(lower(above, 0 * s).T, solve(lower(below, s), y))),
        slip("the numbers of L and U are exchanged", "In which order do the arguments come?", z=solve(lower(below, s).T, solve(lower(above, 0 * s), y))),
        slip("U has e^(-s) on its diagonal", WHICH, z=solve(lower(above, -s).T, solve(L, y))),
        slip(Mistake.APPLIES_FORWARD, z=P @ L @ U @ x + b),
        *slips_of_inverse(s),
    ]  # fmt: skip
    shown = {"x": x, "order": order, "lower": below, "upper": above, "s": s, "b": b}
    return Question((x, *others), {"z": z, "log_det": -float(s.sum())}, shown, slips, (judged,), 1e-8, f"D = {D}")
