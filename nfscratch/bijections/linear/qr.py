"""QR: an upper triangle, then an orthogonal matrix.

    A = Q R,   Q = H_1 ... H_M by Householder reflections,   R upper triangular with the diagonal e^s, s = c tanh(a / c)
    log|det A| = sum_i s_i                                the inverse is Q^T, then substitution in R

Hoogeboom et al. 2019, arXiv:1901.11137. Every invertible matrix is Q R in one way. No order is chosen,
so nothing here excludes matrices as PLU's fixed permutation does. But M reflections have the determinant (-1)^M, which
is the sign of det A. D of them, the default, reach every matrix of one sign, and so every covariance A A^T, as far as
the bound c of the log-diagonal allows: R has its diagonal within [e^-c, e^c].
"""

from __future__ import annotations

from dataclasses import dataclass

import autograd.numpy as np

from nfscratch import backend
from nfscratch.bijections.linear.affine_map import Linear
from nfscratch.bijections.linear.householder import check_reflections, reflection_vjp
from nfscratch.bijections.linear.scale import check_bound
from nfscratch.ops.affine import bounded, bounded_vjp
from nfscratch.ops.reflections import backwards, directions, reflect
from nfscratch.ops.triangle import product_vjp, solve, solve_vjp, triangle, triangle_vjp


@dataclass(frozen=True, eq=False)
class QR(Linear):
    """x = Q R z + b. `reflections` M: default D. |log diag R| <= max_log_scale.

    params: {"vectors": a (M, D), as in Householder; "upper": (D (D - 1) / 2,), row by row; "log_diagonal": a (D,);
    "shift": (D,)}. M D + D (D + 1) / 2 + D of them. Forward and inverse O(M D + D^2) for each row, after O(M^2 D) once
    for a batch; log-det O(D). Fresh parameters: a random orthogonal matrix.
    """

    reflections: int | None = None
    max_log_scale: float = 10.0

    def __post_init__(self):
        super().__post_init__()
        object.__setattr__(self, "reflections", check_reflections(self.reflections, self.dim))
        check_bound(self.max_log_scale)

    @property
    def shapes(self):
        return {
            "vectors": (self.reflections, self.dim),
            "upper": (self.dim * (self.dim - 1) // 2,),
            "log_diagonal": (self.dim,),
        }

    def init(self, rng, x=None, context=None):
        return {**super().init(rng), "vectors": backend.asarray(rng.normal(size=(self.reflections, self.dim)))}

    def matrix(self, params):
        return reflect(directions(params["vectors"]), self._triangle(params)[0])

    def apply(self, params, z):
        R, s = self._triangle(params)
        return reflect(directions(params["vectors"]), np.matmul(R, z)), np.sum(s, axis=-1)

    def solve(self, params, x):
        R, s = self._triangle(params)
        return solve(R, reflect(backwards(directions(params["vectors"])), x), lower=False), -np.sum(s, axis=-1)

    def apply_vjp(self, params, z):
        R, s, back_triangle = self._triangle_vjp(params)
        y, back_R = product_vjp(R, z)
        x, back_Q = reflection_vjp(params["vectors"], y)

        def pullback(g_x, g_log_det):
            g_vectors, g_y = back_Q(g_x)
            g_R, g_z = back_R(g_y)
            return {"vectors": g_vectors, **back_triangle(g_R, g_log_det)}, g_z

        return x, s.sum(axis=-1), pullback

    def solve_vjp(self, params, x):
        R, s, back_triangle = self._triangle_vjp(params)
        y, back_Q = reflection_vjp(params["vectors"], x, backwards)
        z, back_R = solve_vjp(R, y, lower=False)

        def pullback(g_z, g_log_det):
            g_R, g_y = back_R(g_z)
            g_vectors, g_x = back_Q(g_y)
            return {"vectors": g_vectors, **back_triangle(g_R, -g_log_det)}, g_x

        return z, -s.sum(axis=-1), pullback

    def _triangle(self, params):
        s = bounded(params["log_diagonal"], self.max_log_scale)
        return triangle(params["upper"], s, self.dim, False), s

    def _triangle_vjp(self, params):
        s, back_s = bounded_vjp(params["log_diagonal"], self.max_log_scale)
        R, back = triangle_vjp(params["upper"], s, self.dim, False)

        def pullback(g_R, g_sum):
            g_upper, g_s = back(g_R, g_sum)
            return {"upper": g_upper, "log_diagonal": back_s(g_s)}

        return R, s, pullback
