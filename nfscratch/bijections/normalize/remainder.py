"""Remainder: a column that the ones before it nearly give is replaced by what they leave of it.

    u_k = z_k                                 a column that stays
    u_j = sum_k w_jk z_k + s_j z_j            a column whose best linear prediction from those that stay leaves a
                                              variance s_j^2 below 1e-4 of its own
    log_det = sum_j log s_j

u is what Standardize hands on, columns of variance 1. The columns are looked at in their order, and w and s come from
least squares over the rows, s with N - 1 - K in its denominator for K columns that stay.

Such columns lie near a plane. A flow that moves each of them by a hundredth on its own leaves the plane by many times
its thickness s: the likelihood falls by thousands of nats in the first steps and does not come back, so that the
Gaussian at which it began stays the best. With the remainder z_j in the place of u_j the layers move it by parts of s.
At variances above 1e-4 flows train as well without it, and columns that stay show the shapes that they have.

A column that is given exactly has no remainder but rounding. It is left as it is, and Whiten warns of it.
With N <= 2 D rows, or more than 256 dimensions, every column stays.
"""

from __future__ import annotations

from dataclasses import dataclass

import autograd.numpy as np
import numpy as onp

from nfscratch import backend, validate
from nfscratch.bijections.contract import Bijection, same_jacobian, zeros_per_row
from nfscratch.bijections.normalize.whiten import DEPENDENT, LARGEST
from nfscratch.trees import FIXED

NEARLY = 1e-4  # the variance, of 1 for a column, below which a column is nearly given by others


@dataclass(frozen=True, eq=False)
class Remainder(Bijection):
    """params: {"fixed": {"mixing": L (D, D)}}, u = L z; row k of L is that of the identity for a column that stays."""

    dim: int

    jacobian_structure = "triangular"
    in_shape = property(lambda self: (self.dim,))

    def __post_init__(self):
        validate.count("dim", self.dim, least=1)

    def init(self, rng, x=None, context=None):
        L = onp.eye(self.dim)
        if x is not None and len(x) > 2 * self.dim and self.dim <= LARGEST:
            L = mixing(onp.asarray(backend.to_numpy(x), dtype=onp.float64))
        return {FIXED: {"mixing": backend.asarray(L)}}

    def forward(self, params, z, context=None, rng=None):
        L = params[FIXED]["mixing"]
        return np.matmul(L, z.T).T, zeros_per_row(z) + _log_det(L)

    def inverse(self, params, x, context=None, rng=None):
        L = params[FIXED]["mixing"]
        return np.linalg.solve(L, x.T).T, zeros_per_row(x) - _log_det(L)

    def forward_vjp(self, params, z, context=None, rng=None):
        L = params[FIXED]["mixing"]
        log_det = onp.full_like(z, _log_det(L), shape=(len(z),))
        return (L @ z.T).T, log_det, lambda g_x, g_log_det: ({}, (L.T @ g_x.T).T, None)

    def inverse_vjp(self, params, x, context=None, rng=None):
        L = params[FIXED]["mixing"]
        log_det = onp.full_like(x, -_log_det(L), shape=(len(x),))
        z = np.linalg.solve(L, x.T).T
        return z, log_det, lambda g_z, g_log_det: ({}, np.linalg.solve(L.T, g_z.T).T, None)

    def jacobian(self, params, z, context=None):
        return same_jacobian(params[FIXED]["mixing"], z)


def _log_det(L):
    return np.sum(np.log(np.diagonal(L)))


def mixing(u):
    """L for rows u (N, D), whose columns may have any location and scale."""
    u = u - u.mean(axis=0)
    C, (stay, nearly) = u.T @ u, split_columns(u)
    L = onp.eye(u.shape[1])
    for j in nearly:
        before = [k for k in stay if k < j]
        w = onp.linalg.solve(C[onp.ix_(before, before)], C[before, j])
        left = onp.square(u[:, j] - u[:, before] @ w).sum() / (len(u) - 1 - len(before))
        L[j, before], L[j, j] = w, onp.sqrt(left)
    return L


def split_columns(u):
    """The columns of centred rows u that stay, and those that the ones before them nearly give.

    Gaussian elimination: after the columns that stay, the diagonal of C is the variance that they leave of each other.
    """
    spread = onp.sqrt(onp.square(u).mean(axis=0))
    varies = spread > 0.0
    C = u.T @ u / len(u) / onp.where(varies, spread, 1.0) / onp.where(varies, spread, 1.0)[:, None]
    stay, nearly = [], []
    for j in onp.flatnonzero(varies):
        left = C[j, j] * len(u) / (len(u) - 1 - len(stay))
        if left >= NEARLY:
            stay.append(int(j))
            C -= onp.outer(C[:, j], C[j]) / C[j, j]
        elif left > DEPENDENT:
            nearly.append(int(j))
    return stay, nearly
