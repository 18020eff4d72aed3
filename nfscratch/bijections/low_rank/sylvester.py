"""Sylvester: M planar units at once, coupled through triangles.

    x = z + Q R tanh(Rt Q^T z + b)        Q (D, M) with Q^T Q = I;  R, Rt (M, M) upper triangular             (1)
    det J = det(I_D + Q R diag(h) Rt Q^T) = det(I_M + diag(h) Rt R) = prod_i (1 + h_i r_ii rt_ii)             (2)

by Sylvester's identity det(I_D + A B) = det(I_M + B A), with h = 1 - tanh^2. The map is invertible where every
r_ii rt_ii > -1. Inverse: in the coordinates p = Q^T z, from the last to the first,

    p_i + r_ii tanh(rt_ii p_i + sum_{j>i} Rt_ij p_j + b_i) = (Q^T x)_i - sum_{j>i} R_ij t_j                    (3)

is one increasing equation in the one unknown p_i, since t_j = tanh(...) is known for j > i; then z = x - Q R t.

`orthogonal` says where Q comes from: "qr" of a free matrix, a product of D "householder" reflections, or "triangular":
the first M unit vectors, or, with `flip`, the last M in reverse. Layers with flip False and True alternate.
van den Berg, Hasenclever, Tomczak, Welling 2018, arXiv:1803.05649. There r_ii and rt_ii are tanh of free numbers, so
that their product lies in (-1, 1); here rt_ii is free and r_ii = u_i + k rt_ii is planar's u_hat (ops/u_hat.py): the
product has no upper limit. Their orthogonal variant iterates to Q (Bjorck and Bowie 1971); here it is the QR's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import autograd.numpy as np
import numpy as onp

from nfscratch import backend, validate
from nfscratch.backend import Constant
from nfscratch.bijections.low_rank.layer import LowRank
from nfscratch.bijections.low_rank.planar import AT_REST
from nfscratch.excerpt import excerpt
from nfscratch.ops.identity import identity
from nfscratch.ops.layout import rows, sum_to
from nfscratch.ops.orthonormal import gram_schmidt, gram_schmidt_vjp, householder, householder_vjp
from nfscratch.ops.rank_update import times
from nfscratch.ops.roots import monotone_root
from nfscratch.ops.triangle import transposed
from nfscratch.ops.u_hat import u_hat, u_hat_vjp

ORTHOGONAL = ("qr", "householder", "triangular")


@dataclass(frozen=True, eq=False)
class Sylvester(LowRank):
    """params, with a leading axis N each for parameters per sample:

    "triangles": (M, M)   above the diagonal R, below it Rt^T, on it the u_i of r_ii = u_i + k rt_ii
    "diagonal": (M,)      rt_ii
    "b": (M,)
    "basis": (D, M) for "qr", (D, D) for "householder", one reflection in each row; none for "triangular"
    """

    rank: int
    orthogonal: str = "qr"
    flip: bool = False

    jacobian_structure = property(lambda self: f"identity + rank {self.rank}")
    leaf_dims = property(lambda self: {"triangles": 2, "diagonal": 1, "b": 1, "basis": 2})

    def __post_init__(self):
        validate.size("dim", self.dim)
        validate.size("rank", self.rank)
        if self.rank > self.dim:
            raise ValueError(f"rank must be at most dim = {self.dim}; got {self.rank}")
        if self.orthogonal not in ORTHOGONAL:
            raise ValueError(f"orthogonal must be one of {', '.join(ORTHOGONAL)}; got {excerpt(self.orthogonal)}")
        if self.flip and self.orthogonal != "triangular":
            raise ValueError(f"flip belongs to orthogonal='triangular'; got {excerpt(self.orthogonal)}")

    def init(self, rng, x=None, context=None):
        """A random Q, rt_ii = 1, b ~ N(0, 1), and R nearly 0: close to the identity."""
        M = self.rank
        triangles = AT_REST * onp.eye(M) + 0.01 * rng.normal(size=(M, M))
        params = {"triangles": triangles, "diagonal": onp.ones(M), "b": rng.normal(size=M)}
        if self.orthogonal != "triangular":
            params["basis"] = rng.normal(size=(self.dim, M if self.orthogonal == "qr" else self.dim))
        return {key: backend.asarray(p) for key, p in params.items()}

    # --- the pieces of (1): A = Q R and W = Rt Q^T -------------------------------------------------------------------

    def pieces(self, params):
        R, Rt, s = _triangles(rows(params["triangles"], 2), rows(params["diagonal"]))
        Q = self._basis(params)
        return np.matmul(Q, R), np.matmul(Rt, np.swapaxes(Q, 1, 2)), rows(params["b"]), s

    def pieces_vjp(self, params):
        (R, Rt, s), back_triangles = _triangles_vjp(rows(params["triangles"], 2), rows(params["diagonal"]))
        Q, back_basis = self._basis_vjp(params)

        def pullback(g_A, g_W, g_b, g_s):
            g_T, g_d = back_triangles(sum_to(transposed(Q) @ g_A, R.shape), sum_to(g_W @ Q, Rt.shape), g_s)
            grads = {"triangles": g_T, "diagonal": g_d, "b": g_b}
            if back_basis is not None:
                grads["basis"] = back_basis(sum_to(g_A @ transposed(R) + transposed(g_W) @ Rt, Q.shape))
            return {key: sum_to(g, params[key].shape) for key, g in grads.items()}

        return (Q @ R, Rt @ transposed(Q), rows(params["b"]), s), pullback

    def _basis(self, params):
        """Q (n, D, M)."""
        if self.orthogonal == "triangular":
            return _columns_of_identity(self.dim, self.rank, self.flip).on(params["triangles"])
        X = rows(params["basis"], 2)
        return gram_schmidt(X) if self.orthogonal == "qr" else householder(X, self.rank)

    def _basis_vjp(self, params):
        if self.orthogonal == "triangular":
            return self._basis(params), None
        X = rows(params["basis"], 2)
        return gram_schmidt_vjp(X) if self.orthogonal == "qr" else householder_vjp(X, self.rank)

    # --- (3) -------------------------------------------------------------------------------------------------------

    def solve(self, params, x, context=None):
        """(3); raises InversionError where a residual is not reached."""
        R, Rt, s = _triangles(rows(params["triangles"], 2), rows(params["diagonal"]))
        Q, b = self._basis(params), rows(params["b"])
        target, p, t = times(transposed(Q), x.T), {}, {}
        for i in reversed(range(self.rank)):
            inner = sum((Rt[:, i, j] * p[j] for j in p), b[:, i])
            outer = sum((R[:, i, j] * t[j] for j in t), 0.0)
            p[i] = _one_unit(R[:, i, i], Rt[:, i, i], s[:, i], inner, target[i] - outer)
            t[i] = onp.tanh(Rt[:, i, i] * p[i] + inner)
        t = onp.stack([t[i] for i in range(self.rank)])
        return (x.T - times(Q @ R, t)).T


def _one_unit(r, rt, s, inner, target):
    """The root p of p + r tanh(rt p + inner) = target."""

    def along(p):
        t = onp.tanh(rt * p + inner)
        return p + r * t, t * t + (1.0 - t * t) * s

    return monotone_root(along, target)


def _triangles(T, d):
    """R, Rt (n, M, M), and s_i = 1 + r_ii rt_ii (n, M)."""
    eye = identity(T.shape[2], T)
    u = np.sum(T * eye, axis=2)
    k, s = u_hat(u * d, d * d)
    R = np.triu(T, 1) + (u + k * d)[:, :, None] * eye
    return R, np.triu(np.swapaxes(T, 1, 2), 1) + d[:, :, None] * eye, s


def _triangles_vjp(T, d):
    eye = identity(T.shape[2], T)
    u = (T * eye).sum(axis=2)
    k, s, back = u_hat_vjp(u * d, d * d)
    R = onp.triu(T, 1) + (u + k * d)[:, :, None] * eye
    Rt = onp.triu(transposed(T), 1) + d[:, :, None] * eye

    def pullback(g_R, g_Rt, g_s):
        g_r, g_d = (g_R * eye).sum(axis=2), (g_Rt * eye).sum(axis=2)
        g_a, g_q = back(g_r * d, g_s)
        g_u, g_d = g_r + g_a * d, g_d + g_r * k + g_a * u + 2.0 * g_q * d
        return onp.triu(g_R, 1) + transposed(onp.triu(g_Rt, 1)) + g_u[:, :, None] * eye, g_d

    return (R, Rt, s), pullback


@lru_cache
def _columns_of_identity(D, M, flip):
    eye = onp.eye(D)
    return Constant((eye[:, ::-1] if flip else eye)[None, :, :M])
