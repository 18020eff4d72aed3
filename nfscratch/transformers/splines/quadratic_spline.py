"""QuadraticSpline: the integral of a broken line. Müller et al. 2019, arXiv:1808.03856, section 4.2.

    widths   w = m + (1 - K m) softmax                                              K numbers
    slopes   e_j = exp(a_j) at the inner knots, scaled so that the map ends at 1    K - 1; circular: K
    heights  h_k = w_k (d_k + d_{k+1}) / 2                                          what the slopes add up to

With tails the end slopes are 1, so that the joins are C1. The tents of the inner knots then share the rest of the
area: with A_j = (w_{j-1} + w_j) / 2 the area of a tent of height 1,

    d_j = m + (1 - m) e_j (1 - (w_0 + w_{K-1}) / 2) / sum_i e_i A_i,        d_0 = d_K = 1                         (1)

Circular, every knot is an inner one: d_j = m + (1 - m) e_j / sum_i e_i A_i, and d_K = d_0.
"""

from __future__ import annotations

from dataclasses import dataclass

import autograd.numpy as np

from nfscratch.ops.spline_bins import left_knots, widths
from nfscratch.ops.spline_polynomial import quadratic, quadratic_inverse, quadratic_vjp
from nfscratch.transformers.splines.spline import Spline


@dataclass(frozen=True, eq=False)
class QuadraticSpline(Spline):
    """theta: logits of the widths, logarithms of the slopes.

    Bounded by `minimum`: widths >= m and slopes >= m, everywhere; so heights >= m^2.
    """

    least_bins = 2
    curve = staticmethod(quadratic)
    curve_inverse = staticmethod(quadratic_inverse)
    curve_vjp = staticmethod(quadratic_vjp)

    n_params = property(lambda self: 2 * self.bins - (0 if self.circular else 1))

    def table(self, theta):
        w = widths(theta[: self.bins], self.minimum)
        d = self._slopes(theta[self.bins :], w)
        h = 0.5 * w * (d[:-1] + d[1:])
        return left_knots(w), left_knots(h), w, d[:-1], d[1:]

    def _slopes(self, a, w):
        """(K + 1, D, M)."""
        e = np.exp(a - np.max(a, axis=0, keepdims=True))
        before = np.concatenate((w[-1:], w[:-1]), axis=0) if self.circular else w[:-1]
        after = w if self.circular else w[1:]
        area = 1.0 if self.circular else 1.0 - 0.5 * (w[:1] + w[-1:])
        tents = np.sum(e * (0.5 * (before + after)), axis=0)
        d = self.minimum + (1.0 - self.minimum) * (e * (area / tents))
        if self.circular:
            return np.concatenate((d, d[:1]), axis=0)
        end = np.ones_like(w[:1])
        return np.concatenate((end, d, end), axis=0)
