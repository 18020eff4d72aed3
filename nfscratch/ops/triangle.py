"""Triangular matrices: made from the vector of their entries, multiplied with, solved with.

    T = strict_triangle(t)        t_k at the k-th place beside the diagonal, row by row; zeros elsewhere
    T = triangle(t, s)            the same with e^s on the diagonal, so that det T = e^(sum s) > 0
    y = T z                       g_z = T^T g,      g_T = g z^T
    z = T^-1 y                    g_y = T^-T g,     g_T = -g_y z^T

A vector holds the trained entries alone, so that its length counts the parameters. A matrix is (D, D) with columns
z (D, N), or one for each row of the batch, (N, D, D) with z (N, D, 1): every line below serves both.

    [A 0; B C] [z1; z2] = [y1; y2]        z1 = A^-1 y1,   z2 = C^-1 (y2 - B z1)

Solving by halves makes the products B z1 the bulk of the work, O(D^2) for each column; D / 64 small blocks
remain. The same lines run on every kind of array (LAPACK's triangular solver is not in NumPy).
"""

from __future__ import annotations

from functools import lru_cache

import autograd.numpy as np
import numpy as onp
from autograd.extend import defjvp, defvjp, primitive

from nfscratch import autodiff
from nfscratch.backend import Constant
from nfscratch.ops.identity import identity
from nfscratch.ops.layout import sum_to

BLOCK = 64  # up to this size a block is solved by elimination


@lru_cache(maxsize=8)
def _places(dim, lower):
    """For each entry of the matrix its number in the vector (zeros: one past the end); for each number its place."""
    rows, columns = onp.tril_indices(dim, -1) if lower else onp.triu_indices(dim, 1)
    place = rows * dim + columns
    slot = onp.full(dim * dim, len(place))
    slot[place] = onp.arange(len(place))
    return Constant(slot.reshape(dim, dim), int), Constant(place, int)


@primitive
def strict_triangle(entries, dim, lower):
    """(..., D (D - 1) / 2) -> (..., D, D), zero on the diagonal and on its other side."""
    slot, _ = _places(dim, lower)
    zero = onp.zeros_like(entries, shape=(*entries.shape[:-1], 1))
    return onp.concatenate((entries, zero), axis=-1)[..., slot.on(entries)]


@primitive
def strict_entries(T, dim, lower):
    """The adjoint: (..., D, D) -> (..., D (D - 1) / 2). Both are gathers: no scatter, no atomics."""
    _, place = _places(dim, lower)
    return T.reshape((*T.shape[:-2], dim * dim))[..., place.on(T)]


defvjp(strict_triangle, lambda ans, t, dim, lower: lambda g: strict_entries(g, dim, lower), argnums=(0,))
defjvp(strict_triangle, lambda g, ans, t, dim, lower: strict_triangle(g, dim, lower), argnums=(0,))
defvjp(strict_entries, lambda ans, T, dim, lower: lambda g: strict_triangle(g, dim, lower), argnums=(0,))
defjvp(strict_entries, lambda g, ans, T, dim, lower: strict_entries(g, dim, lower), argnums=(0,))


def triangle(t, s, dim, lower):
    """(..., D, D) with e^s on the diagonal and t beside it."""
    return strict_triangle(t, dim, lower) + np.exp(s)[..., None] * identity(dim, s)


def triangle_vjp(t, s, dim, lower):
    """The matrix, and pullback(g_T, g_sum) -> g_t, g_s, with g_sum the gradient of sum s = log det T.

    Of g_T only the triangle is read.
    """
    scale = onp.exp(s)

    def pullback(g_T, g_sum):
        g_s = sum_to(onp.diagonal(g_T, 0, -2, -1) * scale, s.shape) + g_sum[..., None]
        return sum_to(strict_entries(g_T, dim, lower), t.shape), g_s

    return strict_triangle(t, dim, lower) + scale[..., None] * identity(dim, s), pullback


def unit_triangle(t, dim, lower):
    """(..., D, D) with ones on the diagonal and t beside it."""
    return strict_triangle(t, dim, lower) + identity(dim, t)


def transposed(A):
    return np.swapaxes(A, -1, -2)


def product_vjp(T, z):
    """T z for any matrix T, and pullback(g) -> g_T, g_z."""
    return T @ z, lambda g: (g @ transposed(z), transposed(T) @ g)


def solve(T, y, lower):
    """T^-1 y for a triangle T; only the triangle is read."""
    dim = T.shape[-1]
    if dim <= BLOCK:
        return autodiff.solve_triangular(T, y, lower)
    h = dim // 2
    A, C = T[..., :h, :h], T[..., h:, h:]
    first, last = y[..., :h, :], y[..., h:, :]
    if lower:
        first = solve(A, first, lower)
        last = solve(C, last - np.matmul(T[..., h:, :h], first), lower)
    else:
        last = solve(C, last, lower)
        first = solve(A, first - np.matmul(T[..., :h, h:], last), lower)
    return np.concatenate((first, last), axis=-2)


def solve_vjp(T, y, lower):
    """T^-1 y, and pullback(g) -> g_T (of which only the triangle means something), g_y."""
    z = solve(T, y, lower)

    def pullback(g):
        g_y = solve(transposed(T), g, not lower)
        return -g_y @ transposed(z), g_y

    return z, pullback
