"""Squared: a line with one bump, the nonlinear squared flow (Ziegler and Rush).

    u = d z + g,   q = 1 / (1 + u^2)
    x = a + b z + c q                                  b > 0, d > 0                                   (1)
    dx/dz = b - 2 c d u q^2 = b h,   h = 1 - 2 k u q^2,   k = c d / b                                 (2)

|2 u q^2| is largest at u = 1/sqrt(3), where it is 3 sqrt(3) / 8. So (2) is positive for every z exactly if

    |k| < 8 / (3 sqrt(3)) = 1.5396,   and   k = (1 - margin) 8 / (3 sqrt(3)) tanh(c')  gives  h >= margin      (3)

Ziegler, Rush 2019, arXiv:1901.10548, section 4.1. Where k is near its bound, the density of x has two modes.
theta holds a, b', c', d', g, with b = exp(bounded(b')), d = exp(bounded(d')).

The inverse is the real root of a cubic in u. Its closed formula loses all digits by cancellation where the discriminant
is near 0; (1) gives it a bracket instead, z between y - k/d and y with y = (x - a)/b, since 0 < q <= 1.
Deviation: the paper writes b and d as exponentials without a bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import autograd.numpy as np
import numpy as onp

from nfscratch import validate
from nfscratch.ops.affine import bounded, bounded_vjp
from nfscratch.ops.layout import stacked, sum_to
from nfscratch.transformers.in_columns import in_columns, in_columns_vjp
from nfscratch.transformers.root_search import NumericTransformer

STEEPEST = 8.0 / (3.0 * sqrt(3.0))  # the bound on |c d / b|


@dataclass(frozen=True, eq=False)
class Squared(NumericTransformer):
    """x = a + b z + c / (1 + (d z + g)^2), with dx/dz >= margin b."""

    margin: float = 0.05
    max_log_scale: float = 3.0

    n_params = 5

    def __post_init__(self):
        validate.divisor("max_log_scale", self.max_log_scale)
        if not 0 < self.margin < 1:
            raise ValueError(f"margin must be between 0 and 1; got {self.margin}")

    @in_columns
    def forward(self, theta, z):
        a, b, c, d, g = theta
        log_b, log_d = bounded(b, self.max_log_scale), bounded(d, self.max_log_scale)
        k = (1.0 - self.margin) * STEEPEST * np.tanh(c)  # (3)
        u = np.exp(log_d) * z + g
        q = 1.0 / (1.0 + np.square(u))
        x = a + np.exp(log_b) * (z + k * q * np.exp(-log_d))  # (1), with c = k b / d
        return x, log_b + np.log(1.0 - 2.0 * k * u * np.square(q))  # (2)

    @in_columns_vjp
    def forward_vjp(self, theta, z):
        a, b, c, d, g = theta
        (log_b, back_b), (log_d, back_d) = (bounded_vjp(p, self.max_log_scale) for p in (b, d))
        (tanh, back_c), bound = bounded_vjp(c, 1.0), (1.0 - self.margin) * STEEPEST
        k, scale, inner = bound * tanh, onp.exp(log_b), onp.exp(log_d)
        u = inner * z + g
        q = 1.0 / (1.0 + u * u)
        slope = -2.0 * u * q * q  # dq/du
        h = 1.0 + k * slope
        moved = scale * (z + k * q / inner)

        def pullback(g_x, g_l):
            g_y, g_h = g_x * scale, g_l / h
            g_k = g_y * q / inner + g_h * slope
            g_u = g_y * k / inner * slope - 2.0 * k * g_h * q * q * (4.0 * q - 3.0)  # u^2 q = 1 - q
            g_log_d = g_u * inner * z - g_y * k * q / inner
            g_z = g_y + g_u * inner
            sums = (g_x, g_x * moved + g_l, g_k, g_log_d, g_u)
            g_a, g_b, g_c, g_d, g_g = (sum_to(s, p.shape) for s, p in zip(sums, (a, b, c, d, g), strict=True))
            return stacked([g_a, back_b(g_b), back_c(bound * g_c), back_d(g_d), g_g]), g_z

        return a + moved, log_b + onp.log(h), pullback

    @in_columns
    def bracket(self, theta, x):
        a, b, c, d, _ = theta
        y = (x - a) * onp.exp(-bounded(b, self.max_log_scale))
        step = (1.0 - self.margin) * STEEPEST * onp.tanh(c) * onp.exp(-bounded(d, self.max_log_scale))
        return y - onp.maximum(step, 0.0), y - onp.minimum(step, 0.0)
