"""The free encoder of the checks' own, and what (7) is for it in closed form."""

from __future__ import annotations

import numpy as onp


def encoder(theta, rows):
    """f at rows (N, D)."""
    A, B, C = theta
    return rows @ A.T + onp.tanh(rows @ C.T) @ B.T


def random_theta(rng, D):
    return rng.normal(size=(3, D, D)) * 0.7 + 1.5 * onp.eye(D) * onp.array([1.0, 0.5, 0.5])[:, None, None]


def slopes(theta, x):
    """tanh'(C x)."""
    return 1 / onp.cosh(theta[2] @ x) ** 2


def jacobian(theta, x):
    A, B, C = theta
    return A + onp.einsum("ik,k,kj->ij", B, slopes(theta, x), C)


def gradient_of_product(theta, x, v, w):
    """d(v^T J w)/dtheta (3, D, D), by the product rule."""
    _, B, C = theta
    t, s, along = onp.tanh(C @ x), slopes(theta, x), C @ w
    of_C = (B.T @ v)[:, None] * (s[:, None] * w - 2 * (t * s * along)[:, None] * x)
    return onp.stack([onp.outer(v, w), onp.outer(v, s * along), of_C])
