"""Factors of the checks' own, as whole matrices, where the chapter has functions of a vector."""

from __future__ import annotations

import numpy as onp

ORDERS = {1: (0,), 2: (1, 0), 3: (1, 2, 0), 5: (2, 0, 3, 1, 4)}  # from D = 3 up none is its own inverse


def lower(t, s):
    """e^s on the diagonal, and below it t, row by row."""
    T, rest = onp.diag(onp.exp(s)), list(t)
    for i in range(len(s)):
        for j in range(i):
            T[i, j] = rest.pop(0)
    return T


def reflection(v):
    """H of equation (5)."""
    return onp.eye(len(v)) - 2 * onp.outer(v, v) / (v @ v)


def product(matrices, D):
    Q = onp.eye(D)
    for H in matrices:
        Q = Q @ H
    return Q


def reflections(vectors):
    """H_1, H_2, ... of equation (6), with the chapter's shift by e_k."""
    eye = onp.eye(vectors.shape[1])
    return [reflection(a + eye[k % len(eye)]) for k, a in enumerate(vectors)]


def orthogonal(rng, D, sign):
    """A random orthogonal matrix whose determinant has this sign."""
    Q, _ = onp.linalg.qr(rng.normal(size=(D, D)))
    Q[:, 0] *= sign * onp.sign(onp.linalg.det(Q))
    return Q


def numbers_below(rng, D):
    """What stands below the diagonal of a triangle: D (D - 1) / 2 numbers."""
    return rng.normal(size=D * (D - 1) // 2)
