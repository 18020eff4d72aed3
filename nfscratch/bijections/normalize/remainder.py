"""Remainder: where the columns before it nearly determine a column, its residual in linear regression stands in for it.

    u_j = z_j                                 a column that stays
    u_j = sum_{k<j} W_jk u_k + s_j z_j        a column whose best linear prediction leaves a variance s_j^2 below 1e-4
                                              of its own
    log_det = sum_j log s_j                   s_j = 1 for a column that stays

u is what Standardize hands on, columns of variance 1. The columns are looked at in their order, by Gram and Schmidt: W
and s_j^2 come from least squares over N rows, s_j^2 with N - 1 - K in its denominator for K columns before. N counts
copies of a row once.

Such columns lie near a plane. A flow that moves each of them by a hundredth on its own leaves the plane by many times
its thickness s: the likelihood falls by thousands of nats in the first steps and does not come back, so that the
Gaussian at which it began stays the best. With the remainder z_j in the place of u_j the layers move it by parts of s.
At variances above 1e-4 flows train as well without it, and columns that stay show the shapes that they have.

Where the others determine a column exactly, its residual is rounding. It gets s_j^2 = 1e-10, so that z_j is nearly 0: a
density that has no upper bound gets one, and the flow learns the other columns as if this one were not there. `fit`
names the column.
With N <= 2 D rows, or more than 256 dimensions, every column stays.
"""

from __future__ import annotations

from dataclasses import dataclass

import autograd.numpy as np
import numpy as onp

from nfscratch import backend, validate
from nfscratch.bijections.contract import Bijection, same_jacobian, zeros_per_row
from nfscratch.bijections.normalize.whiten import DEPENDENT, LARGEST, groups
from nfscratch.ops.identity import identity
from nfscratch.ops.moments import in_units
from nfscratch.trees import FIXED

NEARLY = 1e-4  # the residual variance, of 1 for a column, below which the others nearly determine it


@dataclass(frozen=True, eq=False)
class Remainder(Bijection):
    """params: {"fixed": {"weights": W (D, D), "std": s (D,)}}, (I - W) u = s z with W below the diagonal."""

    dim: int

    jacobian_structure = "triangular"
    in_shape = property(lambda self: (self.dim,))

    def __post_init__(self):
        validate.size("dim", self.dim)

    def init(self, rng, x=None, context=None):
        W, s = onp.zeros((self.dim, self.dim)), onp.ones(self.dim)
        if x is not None and self.dim <= LARGEST:
            u = onp.asarray(backend.to_numpy(x), dtype=onp.float64)
            n = int(groups(u).max()) + 1
            W, s = predictions(u, n) if n > 2 * self.dim else (W, s)
        return {FIXED: {"std": backend.asarray(s), "weights": backend.asarray(W)}}

    def forward(self, params, z, context=None, rng=None):
        A, s = _pieces(params)
        return np.linalg.solve(A, s * z.T).T, zeros_per_row(z) + np.sum(np.log(s))

    def inverse(self, params, x, context=None, rng=None):
        A, s = _pieces(params)
        return (np.matmul(A, x.T) / s).T, zeros_per_row(x) - np.sum(np.log(s))

    def forward_vjp(self, params, z, context=None, rng=None):
        A, s = _pieces(params)
        log_det = onp.full_like(z, onp.log(s).sum(), shape=(len(z),))
        x = onp.linalg.solve(A, s * z.T).T
        return x, log_det, lambda g_x, g_log_det: ({}, (s * onp.linalg.solve(A.T, g_x.T)).T, None)

    def inverse_vjp(self, params, x, context=None, rng=None):
        A, s = _pieces(params)
        log_det = onp.full_like(x, -onp.log(s).sum(), shape=(len(x),))
        return (A @ x.T / s).T, log_det, lambda g_z, g_log_det: ({}, (A.T @ (g_z.T / s)).T, None)

    def jacobian(self, params, z, context=None):
        A, s = _pieces(params)
        return same_jacobian(np.linalg.solve(A, s * identity(self.dim, A)), z)


def _pieces(params):
    """I - W (D, D), and s (D, 1)."""
    W = params[FIXED]["weights"]
    return identity(len(W), W) - W, params[FIXED]["std"][:, None]


def predictions(u, n):
    """W and s for rows u (N, D), n of them different, whose columns may have any location and scale."""
    (N, D), (u, unit) = u.shape, in_units(u)
    u = u - u.mean(axis=0)
    spread = onp.sqrt(onp.square(u).mean(axis=0))
    scale = spread * unit
    W, s, Q, R, before = onp.zeros((D, D)), onp.ones(D), onp.zeros((D, N)), onp.zeros((D, D)), []
    for j in onp.flatnonzero(spread > 0.0):
        K, column = len(before), u[:, j] / spread[j]
        R[:K, K], left = _split(Q[:K], column)
        variance = left @ left / N * n / (n - 1 - K)
        if variance < NEARLY:
            weights = onp.linalg.solve(R[:K, :K], R[:K, K])
            W[j, before] = weights * scale[j] / scale[before]
            s[j] = scale[j] * onp.sqrt(max(variance, DEPENDENT))
        if variance > DEPENDENT:
            R[K, K] = onp.linalg.norm(left)
            Q[K] = left / R[K, K]
            before.append(j)
    return W, s


def _split(Q, column):
    """What the orthonormal rows of Q say of a column, and what they leave of it; twice, for the last digits."""
    parts = Q @ column
    left = column - parts @ Q
    more = Q @ left
    return parts + more, left - more @ Q
