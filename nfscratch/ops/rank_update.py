"""The identity plus a bounded map of rank M. Planar and Sylvester layers are such maps.

    t = tanh(W z + b),   x = z + A t                    z, x (D, N);  A (D, M), W (M, D), b (M)               (1)
    J = I + A diag(h) W,   h = 1 - t^2                                                                        (2)
    log_det = sum_i log(1 + h_i (s_i - 1)) = sum_i log(t_i^2 + h_i s_i)                                       (3)

(3) holds where W A is triangular with the diagonal s - 1: by Sylvester's identity det J = det(I + diag(h) W A). In its
second form all terms are positive, and none cancel. By Woodbury, with the M x M matrix K = I + diag(h) (W A)^T,

    J^-T g = g - W^T K^-1 diag(h) A^T g                                                                       (4)

A, W, b and s have a leading axis n in front: n = 1 for all rows alike, or N for arrays of their own for each row.
"""

from __future__ import annotations

import autograd.numpy as np
import numpy as onp

from nfscratch.ops.identity import identity
from nfscratch.ops.layout import from_columns
from nfscratch.ops.triangle import transposed


def few_layers(n_rows):
    """How many layers of a stack have their log-dets computed at once: more where rows are few, and calls cost most."""
    return max(4, 8192 // max(1, n_rows))


def low_rank(A, W, b, s, z):
    """x and log_det, (1) and (3)."""
    t = np.tanh(times(W, z) + b.T)
    squares = np.square(t)
    return z + times(A, t), np.sum(np.log(squares + (1.0 - squares) * s.T), axis=0)


def low_rank_vjp(A, W, b, s, z):
    """x, log_det, and pullback(g_x, g_log_det) -> g_A, g_W, g_b, g_s, g_z."""
    t = onp.tanh(times(W, z) + b.T)
    squares = t * t
    h = 1.0 - squares
    slope = squares + h * s.T

    def pullback(g_x, g_log_det):
        g_slope = g_log_det / slope
        g_c = (times(transposed(A), g_x) - 2.0 * (g_slope * (s.T - 1.0) * t)) * h
        g_z = g_x + times(transposed(W), g_c)
        return outer(g_x, t, A), outer(g_c, z, W), from_columns(g_c, b), from_columns(g_slope * h, s), g_z

    return z + times(A, t), onp.log(slope).sum(axis=0), pullback


def low_rank_stack_vjp(A, W, b, s, z):
    """K of them in turn: n = K counts layers. x, log_det, and pullback(g_x, g_log_det) -> g_A, g_W, g_b, g_s, g_z.

    Only z and t are computed layer by layer; (3), its slopes and the sums over rows are for all layers at once.
    """
    inputs, t = (onp.empty_like(z, shape=(*shape, z.shape[1])) for shape in (A.shape[:2], W.shape[:2]))
    for k in range(len(A)):
        inputs[k] = z
        t[k] = onp.tanh(W[k] @ z + b[k][:, None])
        z = z + (A[k] @ t[k] if len(t[k]) > 1 else A[k] * t[k])
    squares = t * t
    h = 1.0 - squares
    slope = squares + h * s[:, :, None]

    def pullback(g_x, g_log_det):
        g_slope = g_log_det / slope
        bend = -2.0 * g_slope * (s - 1.0)[:, :, None] * t * h
        arriving, g_c = onp.empty_like(inputs), onp.empty_like(t)
        for k in reversed(range(len(A))):
            arriving[k] = g_x
            g_c[k] = (A[k].T @ g_x) * h[k] + bend[k]
            g_x = g_x + (W[k].T @ g_c[k] if len(t[k]) > 1 else W[k].T * g_c[k])
        g_A, g_W = arriving @ transposed(t), g_c @ transposed(inputs)
        return g_A, g_W, g_c.sum(axis=2), (g_slope * h).sum(axis=2), g_x

    return z, onp.log(slope).sum(axis=(0, 1)), pullback


def low_rank_stack(A, W, b, s, z):
    """z and log_det of K of them in turn, on raw arrays; t is held for a few layers at a time, whatever K is."""
    log_det, few = 0.0, min(len(A), few_layers(z.shape[1]))
    buffer = onp.empty_like(z, shape=(few, W.shape[1], z.shape[1]))
    for first in range(0, len(A), few):
        t, s_few = buffer[: len(A) - first], s[first : first + few, :, None]
        for k in range(len(t)):
            onp.tanh(W[first + k] @ z + b[first + k][:, None], out=t[k])
            z = z + (A[first + k] @ t[k] if len(t[k]) > 1 else A[first + k] * t[k])
        t *= t
        log_det = log_det + onp.log(t + (1.0 - t) * s_few).sum(axis=(0, 1))
    return z, log_det


def low_rank_jacobian(A, W, b, z):
    """(2), for every column of z: (N, D, D)."""
    h = 1.0 - np.square(np.tanh(times(W, z) + b.T))
    return identity(len(z), z) + np.matmul(A * h.T[:, None, :], W)


def low_rank_transposed_solve(A, W, b, z, g):
    """(4), for every column of z and g."""
    h = 1.0 - np.square(np.tanh(times(W, z) + b.T))
    K = identity(len(h), h) + h.T[:, :, None] * np.swapaxes(np.matmul(W, A), 1, 2)
    right = h * times(transposed(A), g)
    solution = np.linalg.solve(K, right.T[:, :, None])[:, :, 0] if len(h) > 1 else right.T / K[:, :, 0]
    return g - times(transposed(W), solution.T)


def times(A, z):
    """A z for every column of z: A (n, I, J), z (J, N) -> (I, N)."""
    if len(A) == 1:
        return np.matmul(A[0], z) if z.shape[0] > 1 else A[0] * z  # an outer product is faster without BLAS
    return np.sum(A * z.T[:, None, :], axis=2).T


def outer(g, z, like):
    """The gradient of A z with respect to A, of the shape of A."""
    return (g @ z.T)[None] if len(like) == 1 else g.T[:, :, None] * z.T[:, None, :]
