"""Remainder: a column that the ones before it nearly give is replaced by what they leave of it.

    u_k = z_k                                 a column that stays
    u_j = sum_k W_jk u_k + s_j z_j            a column whose best linear prediction from those that stay leaves a
                                              variance s_j^2 below 1e-4 of its own
    log_det = sum_j log s_j

u is what Standardize hands on, columns of variance 1. The columns are looked at in their order, and W and s come from
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
from nfscratch.ops.identity import identity
from nfscratch.trees import FIXED

NEARLY = 1e-4  # the variance, of 1 for a column, below which a column is nearly given by others


@dataclass(frozen=True, eq=False)
class Remainder(Bijection):
    """params: {"fixed": {"weights": W (D, D), "std": s (D,)}}, u = W z + s z.

    A column that stays has a row of zeros in W, and s = 1. W has entries in such columns only, so that W z = W u.
    """

    dim: int

    jacobian_structure = "triangular"
    in_shape = property(lambda self: (self.dim,))

    def __post_init__(self):
        validate.count("dim", self.dim, least=1)

    def init(self, rng, x=None, context=None):
        W, s = onp.zeros((self.dim, self.dim)), onp.ones(self.dim)
        if x is not None and len(x) > 2 * self.dim and self.dim <= LARGEST:
            W, s = prediction(onp.asarray(backend.to_numpy(x), dtype=onp.float64))
        return {FIXED: {"std": backend.asarray(s), "weights": backend.asarray(W)}}

    def forward(self, params, z, context=None, rng=None):
        W, s = _pieces(params)
        return (np.matmul(W, z.T) + s * z.T).T, zeros_per_row(z) + np.sum(np.log(s))

    def inverse(self, params, x, context=None, rng=None):
        W, s = _pieces(params)
        return ((x.T - np.matmul(W, x.T)) / s).T, zeros_per_row(x) - np.sum(np.log(s))

    def forward_vjp(self, params, z, context=None, rng=None):
        W, s = _pieces(params)
        log_det = onp.full_like(z, onp.log(s).sum(), shape=(len(z),))
        return (W @ z.T + s * z.T).T, log_det, lambda g_x, g_log_det: ({}, (W.T @ g_x.T + s * g_x.T).T, None)

    def inverse_vjp(self, params, x, context=None, rng=None):
        W, s = _pieces(params)
        log_det = onp.full_like(x, -onp.log(s).sum(), shape=(len(x),))

        def pullback(g_z, g_log_det):
            g = g_z.T / s
            return {}, (g - W.T @ g).T, None

        return ((x.T - W @ x.T) / s).T, log_det, pullback

    def jacobian(self, params, z, context=None):
        W, s = _pieces(params)
        return same_jacobian(W + s * identity(self.dim, W), z)


def _pieces(params):
    """W (D, D), and s (D, 1)."""
    return params[FIXED]["weights"], params[FIXED]["std"][:, None]


def prediction(u):
    """W and s for rows u (N, D), whose columns may have any location and scale."""
    u = u - u.mean(axis=0)
    C, (stay, nearly) = u.T @ u, split_columns(u)
    W, s = onp.zeros_like(C), onp.ones(len(C))
    for j in nearly:
        before = [k for k in stay if k < j]
        W[j, before] = onp.linalg.solve(C[onp.ix_(before, before)], C[before, j])
        s[j] = onp.sqrt(onp.square(u[:, j] - u[:, before] @ W[j, before]).sum() / (len(u) - 1 - len(before)))
    return W, s


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
