"""DeepSigmoid: a monotone network with one hidden layer of sigmoids, between the reals and the reals (NAF's DSF).

    s_k = a_k z + b_k,      a_k > 0
    x = logit( sum_k w_k sigmoid(s_k) ),    w = softmax(w')                                          (1)
    log-derivative  log sum_k w_k a_k sigmoid(s_k) sigmoid(-s_k) - log F - log(1 - F)                (2)

Huang, Krueger, Lacoste, Courville 2018, arXiv:1804.00779, equation 8. The sigmoids add up to a staircase in (0, 1),
and the logit carries it back to the reals. Without the logit the map is not onto and the density of a flow does not
integrate to one (chapter 07).

theta holds log(a / a_0), b - b_0 and w' (K each), with b_0k = -a_0 m_k for K places m_k, evenly from -1 to 1. So at
theta = 0 unit k is sigmoid(a_0 (z - m_k)), and the one slope a_0 makes the staircase as wide as one sigmoid: K equal
units would get equal gradients and never part. Then x is z to within 0.05 on [-3, 3] (K = 8). All in log space
(ops/sigmoid_mixture.py).
Deviation: log a_k is bounded (ops/affine.py); the paper takes a softplus.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import autograd.numpy as np
import numpy as onp

from nfscratch import validate
from nfscratch.backend import Constant
from nfscratch.ops.affine import bounded, bounded_vjp
from nfscratch.ops.layout import sum_to
from nfscratch.ops.sigmoid_mixture import log_softmax, log_softmax_vjp, sigmoid_mixture, sigmoid_mixture_vjp
from nfscratch.transformers.in_columns import in_columns, in_columns_vjp
from nfscratch.transformers.mixture_cdf import matching_log_slope, offsets
from nfscratch.transformers.root_search import NumericTransformer


@dataclass(frozen=True, eq=False)
class DeepSigmoid(NumericTransformer):
    """x = logit(sum_k w_k sigmoid(a_k z + b_k)); P = 3 units."""

    units: int = 8
    max_log_scale: float = 3.0

    def __post_init__(self):
        validate.size("units", self.units)
        validate.divisor("max_log_scale", self.max_log_scale)

    n_params = property(lambda self: 3 * self.units)
    identity_at_zero = property(lambda self: self.units == 1)

    @cached_property
    def _start(self):
        """log a_0, and b at theta = 0."""
        log_slope = matching_log_slope(offsets(self.units))
        return log_slope, Constant(-onp.exp(log_slope) * offsets(self.units))

    def _parts(self, theta):
        K = self.units
        return theta[:K], theta[K : 2 * K] + self._start[1].on(theta), theta[2 * K :]

    @in_columns
    def forward(self, theta, z):
        log_a, b, w = self._parts(theta)
        log_a = self._start[0] + bounded(log_a, self.max_log_scale)
        return sigmoid_mixture(np.exp(log_a) * z + b, log_softmax(w), log_a)

    @in_columns_vjp
    def forward_vjp(self, theta, z):
        log_a, b, w = self._parts(theta)
        log_a, back_a = bounded_vjp(log_a, self.max_log_scale)
        log_w, back_w = log_softmax_vjp(w)
        log_a = self._start[0] + log_a
        a = onp.exp(log_a)
        az = a * z
        x, log_d, back = sigmoid_mixture_vjp(az + b, log_w, log_a)

        def pullback(g_x, g_l):
            g_s, g_log_w, g_log_a = back(g_x, g_l)
            g_log_a = g_log_a + sum_to(g_s * az, a.shape)
            g_theta = onp.concatenate([back_a(g_log_a), sum_to(g_s, b.shape), back_w(g_log_w)])
            return g_theta, (g_s * a).sum(axis=0)

        return x, log_d, pullback

    @in_columns
    def bracket(self, theta, x):
        """The root is between those of the single units, (x - b_k) / a_k: the mean lies between its terms."""
        log_a, b, _ = self._parts(theta)
        roots = (x - b) * onp.exp(-(self._start[0] + bounded(log_a, self.max_log_scale)))
        return roots.min(axis=0), roots.max(axis=0)
