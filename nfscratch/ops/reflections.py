"""Products of Householder reflections, as one block.

    H_k = I - 2 u_k u_k^T,    |u_k| = 1                      H_k^T = H_k = H_k^-1,  det H_k = -1
    Q = H_1 H_2 ... H_M = I - U^T S^-1 U,                    U (M, D) has the rows u_k,
    S = 1/2 I + the strict upper triangle of U U^T           (Joffrain et al. 2006, doi:10.1145/1141885.1141886)
    Q^T = H_M ... H_2 H_1                                    the same with the rows of U in reverse

One after the other, M reflections are M small steps; as a block they are two products and one triangular solve.
For one reflection S = 1/2 and the formula is the definition.

Directions come from any numbers a: u_k = v / |v| with v = a_k + e_k (k counted modulo D). At a = 0, where the last
layer of a network starts, these are the coordinate axes. Where |v| < 1e-6 it has no direction: e_k is taken instead.

    pullback of u = v / |v|           g_v = (g - u (u . g)) / |v|
    pullback of y = z - U^T w,        w = S^-1 c,  c = U z:
        g_w = -U g,  g_c = S^-T g_w,  g_S = -g_c w^T,  g_z = g + U^T g_c
        g_U = -w g^T + g_c z^T + (K + K^T) U,              K = the strict upper triangle of g_S
"""

from __future__ import annotations

from functools import lru_cache

import autograd.numpy as np
import numpy as onp

from nfscratch.backend import Constant
from nfscratch.ops.triangle import solve, solve_vjp, transposed

SHORTEST = 1e-6


@lru_cache(maxsize=8)
def _axes(count, dim):
    return Constant(onp.eye(dim)[onp.arange(count) % dim])


def directions(a):
    """Unit rows from any a (..., M, D)."""
    axes = _axes(*a.shape[-2:]).on(a)
    v = axes + a
    v = np.where(np.sum(np.square(v), axis=-1, keepdims=True) < SHORTEST**2, axes, v)
    return v / np.sqrt(np.sum(np.square(v), axis=-1, keepdims=True))


def directions_vjp(a):
    axes = _axes(*a.shape[-2:]).on(a)
    v = axes + a
    length = onp.sqrt((v * v).sum(axis=-1, keepdims=True))
    short = length < SHORTEST
    one_over = onp.where(short, 1.0, 1.0 / onp.where(short, onp.ones_like(length), length)).astype(a.dtype)
    u = onp.where(short, axes, v) * one_over
    return u, lambda g: onp.where(short, onp.zeros_like(g), (g - u * (u * g).sum(axis=-1, keepdims=True)) * one_over)


@lru_cache(maxsize=8)
def _half_identity(count):
    return Constant(0.5 * onp.eye(count))


def block(U):
    """S: 1/2 on the diagonal, u_i . u_j above it."""
    return _half_identity(U.shape[-2]).on(U) + np.triu(np.matmul(U, transposed(U)), 1)


def reflect(U, z):
    """Q z = H_1 ... H_M z for unit rows U (..., M, D), and columns z (..., D, N)."""
    w = solve(block(U), np.matmul(U, z), lower=False)
    return z - np.matmul(transposed(U), w)


def reflect_vjp(U, z):
    """Q z, and pullback(g) -> g_U, g_z."""
    w, back_solve = solve_vjp(block(U), U @ z, lower=False)

    def pullback(g):
        g_S, g_c = back_solve(-(U @ g))
        K = onp.triu(g_S, 1)
        g_U = g_c @ transposed(z) - w @ transposed(g) + (K + transposed(K)) @ U
        return g_U, g + transposed(U) @ g_c

    return z - transposed(U) @ w, pullback


def backwards(U):
    """The rows in reverse: Q^T is their product."""
    return U[..., ::-1, :]
