"""Task 10.1, gaussian_posterior(A, S): B and P of (1), against the covariance of x and y together."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.question import Question, by_part, expect, slip

ONE = "Put A = 2 and S = 4 into (1), with D = 1: what are P and B?"
SHAPES = ((1, 1), (2, 2), (3, 2), (1, 3), (3, 3))  # of A


def covariance(asked, rng):
    """P, for matrices A of five shapes and an S that is not diagonal"""
    return expect(asked, *[_of(rng, *shape, "P") for shape in SHAPES])


def matrix(asked, rng):
    """B, with which the mean of x is B y"""
    return expect(asked, *[_of(rng, *shape, "B") for shape in SHAPES])


def _of(rng, C, D, judged):
    A, root = rng.normal(size=(C, D)), rng.normal(size=(C, C))
    S = root @ root.T + 0.3 * onp.eye(C)
    of_y = A @ A.T + S  # cov(y), and cov(x, y) is A^T
    B = onp.linalg.solve(of_y, A).T
    P, inverse, I = onp.eye(D) - B @ A, onp.linalg.inv(S), onp.eye(D)
    precision = A.T @ inverse @ A
    slips = [
        *(_both("the unit matrix, the prior's part, is missing", A, inverse, precision) if C >= D else []),  # else singular
        *_both("only the diagonal of S is used", A, onp.diag(1 / onp.diag(S)), I + (A.T / onp.diag(S)) @ A),
        *_both("S stands where its inverse belongs", A, S, I + A.T @ S @ A),
        *_both("S is missing", A, onp.eye(C), I + A.T @ A),
        *_both("S is inverted entry by entry", A, 1 / S, I + A.T @ (1 / S) @ A),
        *_both("1 is added to every entry, not to the diagonal", A, inverse, 1 + precision),
        *_both("the data's part is subtracted from the unit matrix, not added", A, inverse, I - precision),
        slip("the sum in P is not inverted", ONE, P=I + precision),
        *_both("the sum in P is inverted entry by entry", A, inverse, I + precision, lambda J: 1 / J),
        slip("P is the unit matrix", ONE, P=I),
        *_both("P has the square of the inverse of S", A, inverse @ inverse, I + A.T @ inverse @ inverse @ A),
        slip("P is the covariance of y, not of x given y", ONE, P=of_y),
        slip("P is its own root", "Is P a variance, or a standard deviation?", P=onp.linalg.cholesky(P)),
        slip("B stands where P belongs", "In which order do B and P come back?", P=B),
        slip("P stands where B belongs", "In which order do B and P come back?", B=P),
        slip("B lacks P", ONE, B=A.T @ inverse),
        slip("B lacks the inverse of S", ONE, B=P @ A.T),
        slip("B has S where its inverse belongs", ONE, B=P @ A.T @ S),
        slip("B is transposed", "Which shape has B, if y has C entries and x has D?", B=B.T),
        slip("B has the inverse of P, not P", ONE, B=(I + precision) @ A.T @ inverse),
        slip("B undoes A, as if there were no noise", "What does S do to the mean?", B=onp.linalg.pinv(A)),
        slip("B is A^T", ONE, B=A.T),
        slip("B has the wrong sign", ONE, B=-B),
        slip("B has P twice", ONE, B=P @ B),
    ]  # fmt: skip
    if C == D and D > 1:
        slips += [
            *_both("A and its transpose are exchanged", A.T, inverse, I + A @ inverse @ A.T),
            slip("B has A, not its transpose", "Which product of A, y and S stands above (1)?", B=P @ A @ inverse),
            slip("B lacks A^T", ONE, B=P @ inverse),
            slip("the factors of B stand in another order", "Do matrices commute?", B=A.T @ inverse @ P),
            slip("the factors of B stand in another order", "Do matrices commute?", B=inverse @ A.T @ P),
            slip("the factors of B stand in another order", "Do matrices commute?", B=P @ inverse @ A.T),
            slip("the factors of B stand in another order", "Do matrices commute?", B=inverse @ P @ A.T),
        ]
    answer = {"B": B, "P": P}
    return Question((A, S), answer, {"A": A, "S": S}, slips, (judged,), 1e-7, f"C = {C}, D = {D}")


def _both(name, A, inverse, precision, invert=onp.linalg.pinv):
    """P with this mistake, and B with it everywhere, or in P alone."""
    P = invert(precision)
    return by_part(name, ONE, P=P, B=P @ A.T @ inverse)
