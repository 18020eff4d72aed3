"""Task 14.7, free_jacobian(theta, x): against finite differences of the encoder."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.finite_differences import finite_difference_jacobian
from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch14.free_maps import encoder, random_theta

CHAIN = "Write f for D = 2, and differentiate its first entry by x_2."
TANH = "What is the derivative of tanh at 0, and far from it?"


def entries(asked, rng):
    """the matrix against finite differences of free_encoder, for D = 2, 4 and 1"""
    return expect(asked, *[_of(rng, D) for D in (2, 4, 1)])


def _of(rng, D):
    theta, x = random_theta(rng, D), rng.normal(size=D)
    A, B, C = theta
    J = finite_difference_jacobian(lambda rows: encoder(theta, rows), x[None])[0]
    t, at_x, s = onp.tanh(C @ x), onp.tanh(x), 1 / onp.cosh(C @ x) ** 2
    slips = [
        slip("the matrix is transposed", "Row i holds the derivatives of f_i.", J=J.T),
        slip("A is missing", CHAIN, J=B @ onp.diag(s) @ C),
        slip("B is missing", CHAIN, J=A + onp.diag(s) @ C),
        slip("C is missing: the inner derivative", CHAIN, J=A + B @ onp.diag(s)),
        slip("B and C are missing", CHAIN, J=A + onp.diag(s)),
        slip("the derivative of tanh is missing", CHAIN, J=A + B @ C),
        slip("only A is left", CHAIN, J=A),
        slip("B and C are exchanged", CHAIN, J=A + C @ onp.diag(s) @ B),
        slip("B and C are exchanged, in the argument of tanh, too", CHAIN, J=A + C @ onp.diag(1 - onp.tanh(B @ x) ** 2) @ B),
        slip("A and B are exchanged", CHAIN, J=B + A @ onp.diag(s) @ C),
        slip("A and C are exchanged", CHAIN, J=C + B @ onp.diag(1 - onp.tanh(A @ x) ** 2) @ A),
        slip("C is transposed", CHAIN, J=A + B @ onp.diag(s) @ C.T),
        slip("B is transposed", CHAIN, J=A + B.T @ onp.diag(s) @ C),
        slip("A is transposed", CHAIN, J=A.T + B @ onp.diag(s) @ C),
        slip("A is subtracted", CHAIN, J=B @ onp.diag(s) @ C - A),
        slip("the term of tanh is subtracted", CHAIN, J=A - B @ onp.diag(s) @ C),
        slip("the derivative of tanh multiplies the columns of C, not its rows", "Which of the three factors stands in the middle?", J=A + B @ C @ onp.diag(s)),
        slip("the derivative of tanh multiplies the rows of B, not its columns", "Which of the three factors stands in the middle?", J=A + onp.diag(s) @ B @ C),
        slip("the derivative of tanh is taken at x, not at C x", CHAIN, J=A + B @ onp.diag(1 - at_x**2) @ C),
        slip("it is 1 - tanh, not 1 - tanh^2", TANH, J=A + B @ onp.diag(1 - t) @ C),
        slip("it is 1 + tanh^2, not 1 - tanh^2", TANH, J=A + B @ onp.diag(1 + t**2) @ C),
        slip("it is tanh^2, not 1 - tanh^2", TANH, J=A + B @ onp.diag(t**2) @ C),
        slip("it is tanh, not its derivative", TANH, J=A + B @ onp.diag(t) @ C),
        slip("it is tanh (1 - tanh): that belongs to the sigmoid", TANH, J=A + B @ onp.diag(t * (1 - t)) @ C),
        slip("it is 1/cosh, not 1/cosh^2", TANH, J=A + B @ onp.diag(onp.sqrt(s)) @ C),
        slip("it is 1 - (C x)^2, without tanh", TANH, J=A + B @ onp.diag(1 - (C @ x) ** 2) @ C),
        slip("B and C are multiplied entry by entry", "What is the difference between B * C and B @ C?", J=A + B * (s[:, None] * C)),
        slip("B and C are multiplied entry by entry", "What is the difference between B * C and B @ C?", J=A + B * s * C),
        slip("f comes back, not its Jacobian", "How many derivatives are there?", J=A @ x + B @ t),
        slip("the directional derivative along x comes back", "How many derivatives are there?", J=J @ x),
        slip("only the diagonal comes back", "How many derivatives are there?", J=onp.diag(J)),
        slip("only the diagonal is kept", "Does f_1 depend on x_2?", J=onp.diag(onp.diag(J))),
    ]  # fmt: skip
    shown = {"A": A, "B": B, "C": C, "x": x}
    return Question((theta, x), {"J": J}, shown, slips, tolerance=1e-6, size=f"D = {D}")
