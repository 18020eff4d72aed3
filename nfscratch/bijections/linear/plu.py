"""PLU: a permutation, a lower and an upper triangle.

    A = P L U,   P fixed,   L = I + strictly lower,   U = strictly upper + diag(e^s),   s = c tanh(a / c)
    log|det A| = sum_i s_i                                the inverse undoes P, then L, then U

Kingma and Dhariwal 2018, arXiv:1807.03039, section 3.2. P is drawn once and not trained, so PLU does not
reach every matrix. With diag(U) > 0 it reaches those A for which all leading minors of P^T A are positive; det A then
has the sign of det P. This loses signs and an order: where no leading minor of P^T A is 0, flips of z's signs reach A,
and every invertible A has a P for which none is 0. It reaches every *covariance* C, whatever P is, within the bound c
of the log-diagonal: A A^T = C for P^T A = the Cholesky factor of P^T C P, if its diagonal lies in [e^-c, e^c].
(Glow keeps random signs beside P, since it starts from a random rotation.)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import autograd.numpy as np
import numpy as onp
from autograd.extend import defjvp, defvjp, primitive

from nfscratch import validate
from nfscratch.backend import Constant
from nfscratch.bijections.linear.affine_map import Linear
from nfscratch.bijections.linear.scale import check_bound
from nfscratch.ops.affine import bounded, bounded_vjp
from nfscratch.ops.layout import sum_to
from nfscratch.ops.triangle import (
    product_vjp,
    solve,
    solve_vjp,
    strict_entries,
    triangle,
    triangle_vjp,
    unit_triangle,
)


@primitive
def take_rows(x, order, inverse_order):
    """x[..., order, :]; its gradient is the gather with the inverse order."""
    return x[..., order, :]


defvjp(take_rows, lambda ans, x, order, inverse_order: lambda g: take_rows(g, inverse_order, order), argnums=(0,))
defjvp(take_rows, lambda g, ans, x, order, inverse_order: take_rows(g, order, inverse_order), argnums=(0,))


@dataclass(frozen=True, eq=False)
class PLU(Linear):
    """x = P L U z + b. `seed` draws the permutation P; |log diag U| <= max_log_scale.

    params: {"lower": (D (D - 1) / 2,), "upper": the same, each row by row; "log_diagonal": a (D,); "shift": (D,)}.
    D^2 + D of them. Forward and inverse O(D^2) for each row, log-det O(D). Fresh parameters: A = P.
    """

    seed: int = 0
    max_log_scale: float = 10.0

    @property
    def shapes(self):
        below = (self.dim * (self.dim - 1) // 2,)
        return {"lower": below, "upper": below, "log_diagonal": (self.dim,)}

    def __post_init__(self):
        super().__post_init__()
        validate.seed(self.seed)
        check_bound(self.max_log_scale)

    @cached_property
    def order(self):
        """P as an order: (P y)_i = y[order[i]]."""
        return onp.random.default_rng(self.seed).permutation(self.dim)

    @cached_property
    def _constants(self):
        return Constant(self.order, int), Constant(onp.argsort(self.order), int)

    def matrix(self, params):
        L, U, _ = self._triangles(params)
        return self._permuted(np.matmul(L, U))

    def apply(self, params, z):
        L, U, s = self._triangles(params)
        return self._permuted(np.matmul(L, np.matmul(U, z))), np.sum(s, axis=-1)

    def solve(self, params, x):
        L, U, s = self._triangles(params)
        return solve(U, solve(L, self._unpermuted(x), lower=True), lower=False), -np.sum(s, axis=-1)

    def apply_vjp(self, params, z):
        L, U, s, back_triangles = self._triangles_vjp(params)
        y, back_U = product_vjp(U, z)
        x, back_L = product_vjp(L, y)

        def pullback(g_x, g_log_det):
            g_L, g_y = back_L(self._unpermuted(g_x))
            g_U, g_z = back_U(g_y)
            return back_triangles(g_L, g_U, g_log_det), g_z

        return self._permuted(x), s.sum(axis=-1), pullback

    def solve_vjp(self, params, x):
        L, U, s, back_triangles = self._triangles_vjp(params)
        y, back_L = solve_vjp(L, self._unpermuted(x), lower=True)
        z, back_U = solve_vjp(U, y, lower=False)

        def pullback(g_z, g_log_det):
            g_U, g_y = back_U(g_z)
            g_L, g_x = back_L(g_y)
            return back_triangles(g_L, g_U, -g_log_det), self._permuted(g_x)

        return z, -s.sum(axis=-1), pullback

    def _permuted(self, y):
        order, inverse_order = (constant.on(y) for constant in self._constants)
        return take_rows(y, order, inverse_order)

    def _unpermuted(self, x):
        order, inverse_order = (constant.on(x) for constant in self._constants)
        return take_rows(x, inverse_order, order)

    def _triangles(self, params):
        s = bounded(params["log_diagonal"], self.max_log_scale)
        L = unit_triangle(params["lower"], self.dim, lower=True)
        return L, triangle(params["upper"], s, self.dim, False), s

    def _triangles_vjp(self, params):
        s, back_s = bounded_vjp(params["log_diagonal"], self.max_log_scale)
        U, back_U = triangle_vjp(params["upper"], s, self.dim, False)

        def pullback(g_L, g_U, g_sum):
            g_upper, g_s = back_U(g_U, g_sum)
            g_lower = sum_to(strict_entries(g_L, self.dim, True), params["lower"].shape)
            return {"lower": g_lower, "upper": g_upper, "log_diagonal": back_s(g_s)}

        return unit_triangle(params["lower"], self.dim, True), U, s, pullback
