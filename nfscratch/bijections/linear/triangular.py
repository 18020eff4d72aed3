"""Triangular: each variable is scaled, and moved by the ones before it (lower) or after it (upper).

    A = T + diag(e^s),  T strictly triangular,  s = c tanh(a / c)         log|det A| = sum_i s_i

A^-1 is never formed: z follows from x by substitution, first row first. With a standard normal base, lower = True is
the Cholesky factor of a covariance, which is unique. It reaches every Gaussian whose factor has its diagonal
within [e^-c, e^c], each with exactly one set of parameters.
"""

from __future__ import annotations

from dataclasses import dataclass

import autograd.numpy as np

from nfscratch.bijections.linear.affine_map import Linear
from nfscratch.bijections.linear.scale import check_bound
from nfscratch.ops.affine import bounded, bounded_vjp
from nfscratch.ops.triangle import product_vjp, solve, solve_vjp, triangle, triangle_vjp


@dataclass(frozen=True, eq=False)
class Triangular(Linear):
    """x = A z + b, A lower or upper triangular with the diagonal e^s > 0, |s_i| <= max_log_scale.

    params: {"triangle": (D (D - 1) / 2,), the entries beside the diagonal row by row; "log_diagonal": a (D,);
    "shift": (D,)}. D (D + 1) / 2 + D of them. Forward and inverse O(D^2) for each row, log-det O(D).
    Fresh parameters: the identity.
    """

    lower: bool = True
    max_log_scale: float = 10.0

    jacobian_structure = "triangular"

    @property
    def shapes(self):
        return {"triangle": (self.dim * (self.dim - 1) // 2,), "log_diagonal": (self.dim,)}

    def __post_init__(self):
        super().__post_init__()
        check_bound(self.max_log_scale)

    def matrix(self, params):
        return self._triangle(params)[0]

    def apply(self, params, z):
        A, s = self._triangle(params)
        return np.matmul(A, z), np.sum(s, axis=-1)

    def solve(self, params, x):
        A, s = self._triangle(params)
        return solve(A, x, self.lower), -np.sum(s, axis=-1)

    def apply_vjp(self, params, z):
        A, s, back_A = self._triangle_vjp(params)
        x, back = product_vjp(A, z)

        def pullback(g_x, g_log_det):
            g_A, g_z = back(g_x)
            return back_A(g_A, g_log_det), g_z

        return x, s.sum(axis=-1), pullback

    def solve_vjp(self, params, x):
        A, s, back_A = self._triangle_vjp(params)
        z, back = solve_vjp(A, x, self.lower)

        def pullback(g_z, g_log_det):
            g_A, g_x = back(g_z)
            return back_A(g_A, -g_log_det), g_x

        return z, -s.sum(axis=-1), pullback

    def _triangle(self, params):
        s = bounded(params["log_diagonal"], self.max_log_scale)
        return triangle(params["triangle"], s, self.dim, self.lower), s

    def _triangle_vjp(self, params):
        s, back_s = bounded_vjp(params["log_diagonal"], self.max_log_scale)
        A, back = triangle_vjp(params["triangle"], s, self.dim, self.lower)

        def pullback(g_A, g_sum):
            g_t, g_s = back(g_A, g_sum)
            return {"triangle": g_t, "log_diagonal": back_s(g_s)}

        return A, s, pullback
