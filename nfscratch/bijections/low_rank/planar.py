"""Planar: everything moves along one direction, by an amount that depends on the position along another.

    x = z + u_hat tanh(w.z + b)                                                                               (1)
    J = I + u_hat psi^T,   psi = (1 - tanh^2(w.z + b)) w                                                      (2)
    det J = 1 + psi.u_hat                                by the matrix determinant lemma                      (3)
    u_hat = u + k w with w.u_hat > -1                    see ops/u_hat.py: then det J > 0 everywhere          (4)

Inverse: multiply (1) by w. With c = w.z this is one increasing equation in one unknown,

    c + (w.u_hat) tanh(c + b) = w.x,     z = x - u_hat tanh(c + b)                                            (5)

Rezende and Mohamed 2015, arXiv:1505.05770, section 4.1 and appendix A.1, which proves by (5) that the map is
invertible, and does not solve it. A flow that is fitted to data uses Inverse(Planar(dim)): x -> z is then the closed
form.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import autograd.numpy as np
import numpy as onp

from nfscratch import backend, validate
from nfscratch.bijections.low_rank.layer import LowRank
from nfscratch.ops.layout import rows, sum_to
from nfscratch.ops.rank_update import times
from nfscratch.ops.roots import monotone_root
from nfscratch.ops.u_hat import MARGIN, corrected, u_hat, u_hat_vjp

AT_REST = math.log(math.expm1(1.0 - MARGIN))  # a = w.u with m(a) = 0: there u_hat has no part along w


@dataclass(frozen=True, eq=False)
class Planar(LowRank):
    """params: {"w": (D,), "u": (D,), "b": (1,)}, or (N, D), (N, D) and (N, 1) for parameters per sample.

    w = u = b = 0 is the identity and a saddle: all gradients are 0 there. A network that makes the parameters needs a
    bias that starts elsewhere, in w or in b.

    u_hat is rounded: w.u_hat is off by about eps |w| |u_hat|. Where that exceeds the margin of 1e-3, from a part of u
    across w of |w| |u| = 1e4 in float32 and 1e12 in float64 on, the computed map may fold.
    """

    jacobian_structure = "identity + rank 1"
    leaf_dims = property(lambda self: {"w": 1, "u": 1, "b": 1})

    def __post_init__(self):
        validate.size("dim", self.dim)

    def init(self, rng, x=None, context=None):
        """|w| = 1 in a random direction, b ~ N(0, 1), and u such that u_hat is nearly 0: close to the identity."""
        w = rng.normal(size=self.dim)
        w = w / onp.sqrt(w @ w)
        u = AT_REST * w + 0.01 * rng.normal(size=self.dim)
        return {key: backend.asarray(p) for key, p in (("w", w), ("u", u), ("b", rng.normal(size=1)))}

    def pieces(self, params):
        w, u, b = (rows(params[key]) for key in ("w", "u", "b"))
        a, q = np.sum(w * u, axis=1, keepdims=True), np.sum(w * w, axis=1, keepdims=True)
        k, s = u_hat(a, q)
        return corrected(u + k * w, w, s)[:, :, None], w[:, None, :], b, s

    def pieces_vjp(self, params):
        w, u, b = (rows(params[key]) for key in ("w", "u", "b"))
        a, q = (w * u).sum(axis=1, keepdims=True), (w * w).sum(axis=1, keepdims=True)
        k, s, back = u_hat_vjp(a, q)

        def pullback(g_A, g_W, g_b, g_s):
            g_u = g_A[:, :, 0]
            g_a, g_q = back((w * g_u).sum(axis=1, keepdims=True), g_s)
            through_k = sum_to(k * g_u + u * g_a + 2.0 * w * g_q, params["w"].shape)
            g_w = sum_to(g_W[:, 0, :], params["w"].shape) + through_k  # (apart: w may be shared where u is not)
            g_u = sum_to(g_u + w * g_a, params["u"].shape)
            return {"w": g_w, "u": g_u, "b": sum_to(g_b, params["b"].shape)}

        return (corrected(u + k * w, w, s)[:, :, None], w[:, None, :], b, s), pullback

    def solve(self, params, x, context=None):
        """(5); raises InversionError where its residual is not reached."""
        A, W, b, s = self.pieces(params)
        b, wu = b.T, s.T - 1.0

        def along_w(alpha):
            t = onp.tanh(alpha + b)
            return alpha + wu * t, t * t + (1.0 - t * t) * s.T

        alpha = monotone_root(along_w, times(W, x.T))
        return (x.T - times(A, onp.tanh(alpha + b))).T
