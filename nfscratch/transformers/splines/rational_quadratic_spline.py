"""RationalQuadraticSpline: neural spline flows. Durkan et al. 2019, arXiv:1906.04032.

    widths, heights   m + (1 - K m) softmax                                   2 K numbers
    slopes at knots   d = m + softplus(t + c),  c = log(e^(1 - m) - 1)        K - 1 numbers: d_0 = d_K = 1, as the
                                                                              tails have it; circular: K, d_K = d_0
    in a bin          a quotient of quadratics                                ops/spline_rational.py

All numbers 0: equal bins and slopes 1, the identity. Outside of the box it is the identity always, joined C1.
Both directions have a formula; that of `forward` needs no square root.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import expm1, log

import autograd.numpy as np
import numpy as onp

from nfscratch.ops.spline_bins import bins_vjp, left_knots, positions, widths
from nfscratch.ops.spline_rational import rational_quadratic, rational_quadratic_inverse, rational_quadratic_vjp
from nfscratch.transformers.splines.spline import Spline


@dataclass(frozen=True, eq=False)
class RationalQuadraticSpline(Spline):
    """theta: widths, heights, slopes.

    Bounded by `minimum`: widths, heights and the slopes at the knots >= m. Between two knots the slope is positive, and
    may be far below m: about 4 s^3 / d^2 in the middle of a flat bin (s = h / w) between knots that are steep (d >> s).
    """

    curve = staticmethod(rational_quadratic)
    curve_inverse = staticmethod(rational_quadratic_inverse)
    curve_vjp = staticmethod(rational_quadratic_vjp)

    @property
    def n_params(self):
        return 3 * self.bins - (0 if self.circular else 1)

    @property
    def _offset(self):
        """c, at which the slope of t = 0 is 1."""
        return log(expm1(1.0 - self.minimum))

    def table(self, theta):
        K = self.bins
        w, h = widths(theta[:K], self.minimum), widths(theta[K : 2 * K], self.minimum)
        t = theta[2 * K :] + self._offset
        d = np.log(1.0 + np.exp(-np.abs(t))) + np.maximum(t, 0.0) + self.minimum
        end = d[:1] if self.circular else np.ones_like(w[:1])
        d = np.concatenate((d, end) if self.circular else (end, d, end), axis=0)
        return left_knots(w), left_knots(h), w, h, d[:-1], d[1:]

    # --- by hand ---

    def table_vjp(self, theta, v, along):
        K, (P, D, M), N = self.bins, theta.shape, v.shape[1]
        theta = onp.asarray(theta, order="C", like=theta)
        k, at, picked, back_bins = bins_vjp(theta[: 2 * K].reshape((2, K, D, M)), self.minimum, v, along)
        slopes, rise = self._slopes(theta[2 * K :], at)
        first = 2 * K if self.circular else 2 * K - 1  # where the first of K + 1 knots stands in theta

        def pullback(gradients):
            # The slopes of all K + 1 knots are written. With tails the first of them lands in the last height, which
            # back_bins writes afterwards, and the last one in a row that nobody reads: they are not parameters.
            out = onp.empty_like(v, shape=(first + K + 1, D, N))
            out[first:] = 0.0
            at_N = at if M == N else positions(k, D, N)
            for end, g in enumerate(gradients[4:]):
                out.reshape((-1,))[at_N + (first + end) * (D * N)] = g * (1.0 - onp.exp(-rise[end]))
            if self.circular:
                out[first] += out[first + K]
            back_bins(gradients[:4], out[: 2 * K].reshape((2, K, D, N)))
            return out[:P] if M == N else out[:P].sum(axis=2, keepdims=True)

        return [*picked, slopes[0], slopes[1]], pullback

    def _slopes(self, t, at):
        """m + softplus(t + c) at both ends of the bin, (2, D, N), and the softplus."""
        knots = onp.empty_like(t, shape=(self.bins + 1, *t.shape[1:]))
        knots[0], knots[-1] = (t[0], t[0]) if self.circular else (0.0, 0.0)
        knots[0 if self.circular else 1 : self.bins] = t
        if knots.size < 2 * at.size:  # the batch shares theta: there are fewer knots than ends to be picked
            rise = _ends(self._rise(knots), at)
        else:
            rise = self._rise(_ends(knots, at))
        return rise + self.minimum, rise

    def _rise(self, t):
        """softplus(t + c)."""
        t = t + self._offset
        rise = onp.exp(-onp.abs(t))
        rise += 1.0
        onp.log(rise, out=rise)  # log1p is slow in float32, and m covers what it would save
        rise += onp.maximum(t, 0.0)
        return rise


def _ends(knots, at):
    """Values at the knots (K + 1, D, M), picked for the two ends of the bin at `at` (D, N): (2, D, N)."""
    ends = onp.empty_like(knots, shape=(2, *at.shape))
    ends[0], ends[1] = knots.take(at), knots.take(at + knots[0].size)
    return ends
