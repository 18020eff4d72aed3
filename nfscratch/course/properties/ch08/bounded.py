"""Task 8.2, bounded(weights, L, steps): equation (7) for a network of two matrices."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.question import Question, by_part, expect
from nfscratch.course.properties.ch08.residual_maps import matrix, norm

SHARE = "Two matrices share the constant L. What is the product of what you gave them?"
KEEP = "What does max(1, .) in (7) do for a matrix that is small enough?"


def large_ones(asked, rng):
    """matrices that are too large come back with the constant sqrt(L) each"""
    return expect(asked, *[_of(rng, D, width, L, (3.0, 2.0)) for D, width, L in ((2, 5, 0.9), (4, 3, 0.5))])


def small_ones(asked, rng):
    """matrices that are small enough come back as they are, beside large ones too"""
    return expect(asked, *[_of(rng, 3, 4, 0.8, sizes) for sizes in ((0.5, 0.6), (0.5, 2.0), (2.0, 0.5))])


def _of(rng, D, width, L, sizes):
    n = min(D, width)
    W1, W2 = (
        matrix(rng, *shape, size * onp.linspace(1, 0.4, n))
        for shape, size in (((width, D), sizes[0]), ((D, width), sizes[1]))
    )
    b1, b2 = rng.normal(size=width), rng.normal(size=D)
    root, sigmas = onp.sqrt(L), (norm(W1), norm(W2))

    def divided(by):
        return {"W1": W1 / by[0], "W2": W2 / by[1]}

    def at_least_one(constant, of=sigmas):
        return [max(1.0, sigma / constant) for sigma in of]

    frobenius = (float(onp.linalg.norm(W1)), float(onp.linalg.norm(W2)))
    c = at_least_one(root)
    slips = [
        *by_part("each matrix gets the constant L, not sqrt(L)", SHARE, **divided(at_least_one(L))),
        *by_part("each matrix gets the constant 1", SHARE, **divided(at_least_one(1.0))),
        *by_part("each matrix gets the constant L^2", SHARE, **divided(at_least_one(L**2))),
        *by_part("matrices that are small enough are changed too", KEEP, **divided([sigma / root for sigma in sigmas])),
        *by_part("the larger factor divides both matrices", "Each matrix has a sigma of its own.", **divided([max(c)] * 2)),
        *by_part("the factors of the two matrices are exchanged", "Each matrix has a sigma of its own.", **divided(c[::-1])),
        *by_part("the norm of all entries is taken, not the largest singular value", "What does power_iteration return?", **divided(at_least_one(root, frobenius))),
        *by_part("the weights come back as they were", "Which of them are too large?", W1=W1, W2=W2),
        *by_part("it multiplies where it should divide", "Is a matrix too large, or too small?", W1=W1 * c[0], W2=W2 * c[1]),
        *by_part("it is divided by sigma, and then by sqrt(L) too", "What is the constant of W/sigma?", **divided([max(1.0, sigma) * root for sigma in sigmas])),
        *by_part("the offsets are divided too", "Do offsets move two points apart?", b1=b1 / c[0], b2=b2 / c[1]),
    ]  # fmt: skip
    answer = {"W1": W1 / c[0], "b1": b1, "W2": W2 / c[1], "b2": b2}
    shown = {"sigma of W1 and W2": onp.array(sigmas), "L": L, "sqrt(L)": float(root)}
    return Question(((W1, b1, W2, b2), L), answer, shown, slips, tolerance=1e-6, size=f"D = {D}")
