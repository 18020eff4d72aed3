"""LogisticMixtureCDF: the distribution function of a mixture of logistics (Flow++).

    F(z) = sum_k pi_k sigmoid(s_k),    s_k = e^(-l_k) (z - m_k),    pi = softmax(w),   l = bounded(l')
    x = e^a logit F(z) + t,            log-derivative  a + log F' - log F - log(1 - F),   a = bounded(a')

Ho, Chen, Srinivas, Duan, Abbeel 2019, arXiv:1902.00275, equations 13 and 14. Each component is a place where density
can stand: x is nearly flat in z between two components that are far apart.

theta holds w, m - offsets, l' (K each), a', t. At theta = 0 the K means stand at fixed offsets from -1 to 1, with one
scale that makes the mixture as wide as one logistic: K equal components would get equal gradients and never part.
Then x is z to within 0.05 on [-3, 3] (K = 8). All in log space (ops/sigmoid_mixture.py), so that it is onto all reals.
Deviation: a log-scale is bounded (ops/affine.py); Flow++ leaves it free.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import log, pi

import autograd.numpy as np
import numpy as onp

from nfscratch import validate
from nfscratch.backend import Constant
from nfscratch.ops.affine import bounded, bounded_vjp
from nfscratch.ops.layout import sum_to
from nfscratch.ops.sigmoid_mixture import log_softmax, log_softmax_vjp, sigmoid_mixture, sigmoid_mixture_vjp
from nfscratch.transformers.in_columns import in_columns, in_columns_vjp
from nfscratch.transformers.root_search import NumericTransformer


def offsets(n):
    """n places, evenly from -1 to 1, as rows (n, 1, 1); one place is 0."""
    return onp.linspace(-1.0, 1.0, n).reshape(n, 1, 1) if n > 1 else onp.zeros((1, 1, 1))


def matching_log_slope(places):
    """log a such that sigmoid(a (z - m)), averaged over the places m, has the variance of sigmoid: pi^2 / 3."""
    return -0.5 * log(1.0 - 3.0 * float(onp.var(places)) / pi**2)


@dataclass(frozen=True, eq=False)
class LogisticMixtureCDF(NumericTransformer):
    """x = e^a logit(sum_k pi_k sigmoid((z - m_k) / e^l_k)) + t; P = 3 components + 2."""

    components: int = 8
    max_log_scale: float = 3.0

    def __post_init__(self):
        validate.size("components", self.components)
        validate.divisor("max_log_scale", self.max_log_scale)

    n_params = property(lambda self: 3 * self.components + 2)
    identity_at_zero = property(lambda self: self.components == 1)

    @cached_property
    def _offsets(self):
        return Constant(offsets(self.components))

    @cached_property
    def _log_scale(self):
        return -matching_log_slope(offsets(self.components))

    def _parts(self, theta):
        K, m_0 = self.components, self._offsets.on(theta)
        return theta[:K], theta[K : 2 * K] + m_0, theta[2 * K : 3 * K], theta[3 * K], theta[3 * K + 1]

    @in_columns
    def forward(self, theta, z):
        w, m, l, a, t = self._parts(theta)
        a, l = bounded(a, self.max_log_scale), self._log_scale + bounded(l, self.max_log_scale)
        x, log_d = sigmoid_mixture((z - m) * np.exp(-l), log_softmax(w), -l)
        return np.exp(a) * x + t, a + log_d

    @in_columns_vjp
    def forward_vjp(self, theta, z):
        w, m, l, a, t = self._parts(theta)
        (a, back_a), (l, back_l) = bounded_vjp(a, self.max_log_scale), bounded_vjp(l, self.max_log_scale)
        log_w, back_w = log_softmax_vjp(w)
        l = self._log_scale + l
        a_k, e_a = onp.exp(-l), onp.exp(a)
        s = (z - m) * a_k
        x, log_d, back = sigmoid_mixture_vjp(s, log_w, -l)

        def pullback(g_x, g_l):
            g_s, g_log_w, g_slope = back(g_x * e_a, g_l)
            g_z = g_s * a_k
            g_log_scale = sum_to(-g_s * s, l.shape) - g_slope
            g_a = back_a(sum_to(g_x * e_a * x + g_l, a.shape))
            affine = onp.stack([g_a, sum_to(g_x, t.shape)])
            parts = [back_w(g_log_w), sum_to(-g_z, m.shape), back_l(g_log_scale), affine]
            return onp.concatenate(parts), g_z.sum(axis=0)

        return e_a * x + t, a + log_d, pullback

    @in_columns
    def bracket(self, theta, x):
        """The root is between those of the single components: m_k + e^l_k (x - t) / e^a."""
        _, m, l, a, t = self._parts(theta)
        logit = (x - t) * onp.exp(-bounded(a, self.max_log_scale))
        roots = m + logit * onp.exp(self._log_scale + bounded(l, self.max_log_scale))
        return roots.min(axis=0), roots.max(axis=0)

    def rounded(self, theta):
        """The logit is a difference of numbers near 1, and e^a enlarges what they are rounded by."""
        *_, a, t = self._parts(theta[:, None])
        return (onp.exp(bounded(a, self.max_log_scale)) + onp.abs(t))[0]
