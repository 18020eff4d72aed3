"""Diagonal: each variable has a scale and a shift of its own.

A = diag(e^s),  s = c tanh(a / c)         log|det A| = sum_i s_i
"""

from __future__ import annotations

from dataclasses import dataclass

import autograd.numpy as np
import numpy as onp

from nfscratch.bijections.linear.affine_map import Linear
from nfscratch.bijections.linear.scale import check_bound
from nfscratch.ops.affine import bounded, bounded_vjp
from nfscratch.ops.identity import identity
from nfscratch.ops.layout import sum_to


@dataclass(frozen=True, eq=False)
class Diagonal(Linear):
    """x_i = e^s_i z_i + b_i with |s_i| <= max_log_scale. params: {"log_diagonal": a (D,), "shift": (D,)}.

    2 D parameters. Forward, inverse and log-det O(D) for each row. Fresh parameters: the identity.
    """

    max_log_scale: float = 10.0

    jacobian_structure = "diagonal"
    shapes = property(lambda self: {"log_diagonal": (self.dim,)})

    def __post_init__(self):
        super().__post_init__()
        check_bound(self.max_log_scale)

    def matrix(self, params):
        a = params["log_diagonal"]
        return np.exp(bounded(a, self.max_log_scale))[..., None] * identity(self.dim, a)

    def apply(self, params, z):
        s = bounded(params["log_diagonal"], self.max_log_scale)
        return np.exp(s)[..., None] * z, np.sum(s, axis=-1)

    def solve(self, params, x):
        s = bounded(params["log_diagonal"], self.max_log_scale)
        return np.exp(-s)[..., None] * x, -np.sum(s, axis=-1)

    def apply_vjp(self, params, z):
        return self._scaled(params, z, +1.0)

    def solve_vjp(self, params, x):
        return self._scaled(params, x, -1.0)

    def _scaled(self, params, z, sign):
        """y = e^(sign s) z: g_s = sign (sum over the columns of g y, plus g_log_det)."""
        a = params["log_diagonal"]
        s, back_s = bounded_vjp(a, self.max_log_scale)
        scale = onp.exp(sign * s)[..., None]
        y = scale * z

        def pullback(g, g_log_det):
            g_s = sign * (sum_to((g * y).sum(axis=-1), a.shape) + g_log_det[..., None])
            return {"log_diagonal": back_s(g_s)}, g * scale

        return y, sign * s.sum(axis=-1), pullback
