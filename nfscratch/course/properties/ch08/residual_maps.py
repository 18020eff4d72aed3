"""Residual maps of the checks' own: matrices with chosen singular values, networks with a stated constant, inverses."""

from __future__ import annotations

import numpy as onp


def orthogonal(rng, n):
    return onp.linalg.qr(rng.normal(size=(n, n)))[0]


def matrix(rng, rows, columns, singular):
    """A matrix with these singular values."""
    S = onp.zeros((rows, columns))
    onp.fill_diagonal(S, singular)
    return orthogonal(rng, rows) @ S @ orthogonal(rng, columns)


def norm(W):
    """The largest singular value."""
    return float(onp.linalg.svd(W, compute_uv=False)[0])


def network(weights, z):
    """F(z) at one point."""
    W1, b1, W2, b2 = weights
    return W2 @ onp.tanh(W1 @ z + b1) + b2


def jacobian(weights, z):
    """J_F at one point, entry by entry."""
    W1, b1, W2, _ = weights
    return onp.einsum("ik,k,kj->ij", W2, 1 / onp.cosh(W1 @ z + b1) ** 2, W1)


def log_det(weights, z):
    """log det(I + J_F), by the eigenvalues of J_F."""
    return float(onp.log(1 + onp.linalg.eigvals(jacobian(weights, z))).sum().real)


def random_network(rng, D, L, width=6):
    """A network with the constant L at most."""
    W1, W2 = rng.normal(size=(width, D)), rng.normal(size=(D, width))
    return W1 / norm(W1) * onp.sqrt(L), rng.normal(size=width), W2 / norm(W2) * onp.sqrt(L), rng.normal(size=D)


def symmetric_network(rng, D, constant, sign):
    """J_F is symmetric, and at z = 0 its eigenvalue of largest size is near sign * constant."""
    W1 = matrix(rng, 2 * D, D, onp.linspace(1, 0.7, D)) * onp.sqrt(constant)
    return W1, 0.01 * rng.normal(size=2 * D), sign * W1.T, 0.1 * rng.normal(size=D)
