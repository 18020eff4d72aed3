"""CubicSpline: cubics with heights and slopes that meet at the knots. Durkan et al. 2019, arXiv:1906.02145.

    widths, heights   m + (1 - K m) softmax                                        s_k = h_k / w_k
    slopes            p_k = (s_{k-1} w_k + s_k w_{k-1}) / (w_{k-1} + w_k)          a parabola through three knots
                      d_k = min(2 s_{k-1}, 2 s_k, p_k)                             Steffen 1990                   (1)

A cubic with end slopes up to 3 s is increasing (Fritsch and Carlson 1980); (1) stays below, so the slopes are not
parameters. Circular: K widths and K heights, (1) at every knot.

With tails the paper trains the two end slopes, which leaves a jump of the density at +-B. Here they are 1. That needs
s >= 1/3 in the end bins: they keep the slope s = 1 as a whole, h_0 = w_0 and h_{K-1} = w_{K-1}, and the K - 2 others
share the height that is left. theta: K and K - 2 numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import autograd.numpy as np

from nfscratch.ops.spline_bins import left_knots, widths
from nfscratch.ops.spline_polynomial import cubic, cubic_inverse, cubic_vjp
from nfscratch.transformers.splines.spline import Spline


@dataclass(frozen=True, eq=False)
class CubicSpline(Spline):
    """theta: logits of the widths and of the heights.

    Bounded by `minimum`: widths >= m; heights >= m of the height that the bins share, which is the whole of it on a
    circle, and with tails what the two end bins leave, at least (K - 2) m. Slopes are positive, and may be below m.
    """

    least_bins = 3
    inverse_cost = "iterative"  # a fixed number of steps
    curve = staticmethod(cubic)
    curve_inverse = staticmethod(cubic_inverse)
    curve_vjp = staticmethod(cubic_vjp)

    n_params = property(lambda self: 2 * self.bins - (0 if self.circular else 2))

    def table(self, theta):
        w, h = widths(theta[: self.bins], self.minimum), widths(theta[self.bins :], self.minimum)
        if not self.circular:
            h = np.concatenate((w[:1], h * (1.0 - w[:1] - w[-1:]), w[-1:]), axis=0)
        d = self._slopes(w, h / w)
        return left_knots(w), left_knots(h), w, h, d[:-1], d[1:]

    def _slopes(self, w, s):
        """(K + 1, D, M): equation (1)."""
        if self.circular:
            w, s = (np.concatenate((q[-1:], q), axis=0) for q in (w, s))
        parabola = (s[:-1] * w[1:] + s[1:] * w[:-1]) / (w[:-1] + w[1:])
        d = np.minimum(2.0 * np.minimum(s[:-1], s[1:]), parabola)
        if self.circular:
            return np.concatenate((d, d[:1]), axis=0)
        end = np.ones_like(w[:1])
        return np.concatenate((end, d, end), axis=0)
