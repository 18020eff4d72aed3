"""Task 3.8, planar_inverse_slopes(z, w, u, b): (14) and (15), against finite differences of the map forward."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.finite_differences import finite_difference_jacobian
from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch03.curved import Planar, bent, slope

CASES = ((2, 0.7), (5, -0.8), (3, 2.5), (1, 0.7))  # D, w . u
SHERMAN = "Multiply your matrix with J: is it the identity?"
IMPLICIT = "Hold x fixed, and move u a little: which way must z go, so that x stays?"


def of_x(asked, rng):
    """dz/dx, against the inverse of a numeric Jacobian"""
    return expect(asked, *[_of(rng, *case, "of_x") for case in CASES])


def of_u(asked, rng):
    """dz/du, against finite differences in z and in u"""
    return expect(asked, *[_of(rng, *case, "of_u") for case in CASES])


def _of(rng, D, along, judged):
    planar = Planar(rng, D, along)
    w, u, b = planar.others
    z = rng.normal(size=D)
    z += (rng.uniform(0.3, 0.6) - b - w @ z) * w / (w @ w)  # near the line, where h' is large
    eye, steps = onp.eye(D), (1e-3, 1e-4)
    J = finite_difference_jacobian(lambda rows: onp.stack([planar.forward(row) for row in rows]), z[None], steps=steps)[
        0
    ]
    in_u = finite_difference_jacobian(
        lambda rows: onp.stack([z + row * bent(w @ z + b) for row in rows]), u[None], steps=steps
    )[0]
    inverse = onp.linalg.inv(J)
    h, psi = bent(w @ z + b), slope(w @ z + b) * w
    rank_one, det = onp.outer(u, psi), 1 + psi @ u
    slips = [
        slip("it is J, not its inverse", SHERMAN, of_x=J),
        slip("the term of rank one is added, not subtracted", SHERMAN, of_x=eye + rank_one / det, of_u=-h * (eye + rank_one / det)),
        slip("the division by 1 + psi . u is missing", SHERMAN, of_x=eye - rank_one, of_u=-h * (eye - rank_one)),
        slip("it divides by psi . u, without the 1", SHERMAN, of_x=eye - rank_one / (psi @ u), of_u=-h * (eye - rank_one / (psi @ u))),
        slip("u and psi are exchanged: the matrix is transposed", "Which of the two stands as a column in (15)?", of_x=inverse.T, of_u=-h * inverse.T),
        slip("h' is missing from psi", "What is psi, above (2)?", of_x=eye - onp.outer(u, w) / (1 + w @ u), of_u=-h * (eye - onp.outer(u, w) / (1 + w @ u))),
        slip("tanh is taken at w . z, without b", "Where is tanh taken in (1)?", of_x=onp.linalg.inv(eye + slope(w @ z) * onp.outer(u, w)),
             of_u=-bent(w @ z) * onp.linalg.inv(eye + slope(w @ z) * onp.outer(u, w))),
        slip("psi holds h, not h'", "What is psi, above (2)?", of_x=eye - onp.outer(u, h * w) / (1 + h * (w @ u))),
        slip("the identity is missing", SHERMAN, of_x=-rank_one / det),
        slip("u and psi are multiplied entry by entry", "How large is u psi^T?", of_x=eye - u * psi / det),
        slip("the whole matrix is divided by 1 + psi . u", SHERMAN, of_x=(eye - rank_one) / det),
        slip("the minus of (14) is missing", IMPLICIT, of_u=h * inverse),
        slip("tanh is missing: dx/du is not the identity", "What is dx/du in (1)?", of_u=-inverse),
        slip("J^-1 is missing from dz/du", IMPLICIT, of_u=-h * eye),
        slip("dx/du is taken for h' times the identity", "What is dx/du in (1)?", of_u=-slope(w @ z + b) * inverse),
        slip("J stands where J^-1 belongs", IMPLICIT, of_u=-h * J),
        slip("a vector comes back, not a matrix", "How many entries has z, and how many has u?", of_u=-h * inverse @ u),
    ]  # fmt: skip
    answer = {"of_x": inverse, "of_u": -inverse @ in_u}
    shown = {"z": z, "w": w, "u": u, "b": b}
    return Question((z, *planar.others), answer, shown, slips, (judged,), 1e-6, f"D = {D}")
