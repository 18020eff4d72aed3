"""The squared maximum mean discrepancy of two sets of points under a Gaussian kernel, with its derivative.

    k(z, y) = exp(-|z - y|^2 / (2 b^2))                                                                          (1)
    MMD^2 = mean_{i != j} k(z_i, z_j) + mean_{i != j} k(y_i, y_j) - 2 mean_{i, j} k(z_i, y_j)                    (2)

It estimates the distance of the two laws without bias (Gretton et al. 2012, lemma 6), so it is below 0 now and then
where they are the same. From dk/dz_i = -(z_i - y_j) k / b^2, with r the row sums of a matrix K of kernels:

    dMMD^2/dz = 2 / b^2 [ (K_zz z - r_zz z) / (n (n - 1)) - (K_zy y - r_zy z) / (n m) ]                          (3)

K_zz has zeros on its diagonal; every pair stands in it twice, which is the 2 of its term.
"""

from __future__ import annotations

import autograd.numpy as np
import numpy as onp

from nfscratch.ops.identity import identity


def mmd(z, y, bandwidth):
    """The plain twin of (2): z (n, D), y (m, D), n and m at least 2."""
    within = sum(_mean_of_pairs(_kernel_of_pairs(np, rows, bandwidth)) for rows in (z, y))
    return within - 2.0 * np.mean(_kernel(np, z, y, bandwidth))


def mmd_vjp(z, y, bandwidth):
    """(2), and pullback(g) -> g_z; y is a constant."""
    K_zz, K_zy = _kernel_of_pairs(onp, z, bandwidth), _kernel(onp, z, y, bandwidth)
    n, m = K_zy.shape
    value = _mean_of_pairs(K_zz) + _mean_of_pairs(_kernel_of_pairs(onp, y, bandwidth)) - 2.0 * K_zy.mean()

    def pullback(g):
        among = _towards(K_zz, z, z) / (n * (n - 1))
        return (g * 2.0 / bandwidth**2) * (among - _towards(K_zy, z, y) / (n * m))

    return value, pullback


def _kernel(xp, z, y, bandwidth):
    squares = xp.sum(xp.square(z), axis=1)[:, None] + xp.sum(xp.square(y), axis=1) - 2.0 * z @ y.T
    return xp.exp(xp.maximum(squares, 0.0) * (-0.5 / bandwidth**2))


def _kernel_of_pairs(xp, z, bandwidth):
    """Zeros on the diagonal: a point is no pair with itself."""
    return _kernel(xp, z, z, bandwidth) * (1.0 - identity(len(z), z))


def _mean_of_pairs(K):
    return K.sum() / (len(K) * (len(K) - 1))


def _towards(K, z, y):
    """sum_j K_ij (y_j - z_i)."""
    return K @ y - K.sum(axis=1)[:, None] * z
