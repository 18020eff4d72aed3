"""Task 3.7, sylvester_inverse(x, Q, R, R_tilde, b): equation (13), from the last row to the first."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.pair import own_log_det
from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch03.curved import Sylvester, bent, root

SIZES = ((2, 1), (3, 2), (5, 3))  # D, M
ROW = "Write down the last row of p + R t = Q^T x, and the one above it."
LAST = "What is taken away from x, in the last equation of (13)?"
POINT = "At which point does sylvester_forward give its log-det?"


def undoes(asked, rng):
    """inverse(forward(z)) = z, for 1, 2 and 3 units"""
    return expect(asked, *[_of(rng, *size, "z") for size in SIZES])


def log_det(asked, rng):
    """the log-det against the known one, and against a numeric Jacobian"""
    fault = expect(asked, *[_of(rng, *size, "log_det") for size in SIZES])
    return fault or own_log_det(asked, rng.normal(size=(1, 3)), Sylvester(rng, 3, 2).others)


def _units(layer, target, rows, R=None, inside=None, b=None):
    """p and t, row by row. R: what t is multiplied with in other rows; inside: what p is, within tanh."""
    R, inside = layer.R if R is None else R, layer.R_tilde if inside is None else inside
    b = layer.b if b is None else b
    p, t = onp.zeros(len(b)), onp.zeros(len(b))
    for i in rows:
        known = inside[i] @ p + b[i]

        def left(a, i=i, known=known):
            return a + R[i, i] * bent(inside[i, i] * a + known)

        p[i] = root(left, target[i] - R[i] @ t)
        t[i] = bent(inside[i, i] * p[i] + known)
    return p, t


def _of(rng, D, M, judged):
    layer, z = Sylvester(rng, D, M), rng.normal(size=D)
    Q, R, R_tilde, b = layer.others
    x, l = layer.forward(z), -layer.log_det(z)
    last_first, target = range(M - 1, -1, -1), Q.T @ x
    p, t = _units(layer, target, last_first)

    def point(units, R=R):
        return x - Q @ (R @ units)

    diag, diag_tilde = onp.diag(onp.diag(R)), onp.diag(onp.diag(R_tilde))
    slips = [
        slip("the rows are solved from the first to the last", ROW, z=point(_units(layer, target, range(M))[1])),
        slip("R is transposed", ROW, z=point(_units(layer, target, last_first, R.T)[1], R.T)),
        slip("R is transposed in the last step", LAST, z=point(t, R.T)),
        slip("what rows below contribute through R is not taken away", ROW, z=point(_units(layer, target, last_first, diag)[1])),
        slip("what rows below contribute through R_tilde is missing inside tanh", ROW, z=point(_units(layer, target, last_first, None, diag_tilde)[1])),
        slip("every row is solved by itself, as a planar layer", ROW, z=point(_units(layer, target, last_first, diag, diag_tilde)[1])),
        slip("what rows below contribute through R is added, not taken away", ROW, z=point(_units(layer, target, last_first, 2 * diag - R)[1])),
        slip("every row is solved by itself, and only then tanh is taken of all", ROW,
             z=point(bent(R_tilde @ _units(layer, target, last_first, diag, diag_tilde)[0] + b))),
        slip("b is missing", ROW, z=point(_units(layer, target, last_first, b=0 * b)[1])),
        slip("r_ii is missing from the equation of a row", ROW, z=point(_units(layer, target, last_first, R - diag + onp.eye(M))[1])),
        slip("R_tilde is transposed", ROW, z=point(_units(layer, target, last_first, None, R_tilde.T)[1])),
        slip("R is missing from the last step", LAST, z=x - Q @ t),
        slip("it is added in the last step, not subtracted", LAST, z=x + Q @ (R @ t)),
        slip("tanh is missing from the last step", LAST, z=point(layer.units(z))),
        slip("z is Q p: what is orthogonal to Q is lost", "How many variables has z, and how many has p?", z=Q @ p),
        slip("p comes back, not z", "How many variables has z, and how many has p?", z=p),
        slip("the units are taken at x, not at z", "Which of z and x stands inside tanh, in (10)?", z=point(bent(layer.units(x)))),
        slip(Mistake.APPLIES_FORWARD, z=layer.forward(x)),
        slip(Mistake.NOT_NEGATED, log_det=-l),
        slip("the log-det is taken at x, not at z", POINT, log_det=-layer.log_det(x)),
        slip("the log-det is taken at x, not at z, and is not negated", POINT, log_det=layer.log_det(x)),
        slip(Mistake.ALWAYS_ZERO, log_det=0.0),
    ]  # fmt: skip
    shown = {"x": x, "Q": Q, "R": R, "R_tilde": R_tilde, "b": b}
    size = f"D = {D}, {M} unit" + "s" * (M > 1)
    return Question((x, *layer.others), {"z": z, "log_det": l}, shown, slips, (judged,), 1e-8, size)
