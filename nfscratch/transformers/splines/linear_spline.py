"""LinearSpline: a broken line. Müller et al. 2019, arXiv:1808.03856, section 4.2 (piecewise-linear).

    left knots k / K, equal widths;  heights h = m + (1 - K m) softmax          theta: K numbers
    in bin k   x goes up straight, with slope K h_k

It makes a density that is a histogram: log-derivatives jump at every knot, and at the joins with the tails. The widths
are equal because no gradient can train them: they set the places of the jumps, and the likelihood is not continuous
in these.
"""

from __future__ import annotations

from dataclasses import dataclass

import autograd.numpy as np

from nfscratch.ops.spline_bins import left_knots, widths
from nfscratch.ops.spline_polynomial import linear, linear_inverse, linear_vjp
from nfscratch.transformers.splines.spline import Spline


@dataclass(frozen=True, eq=False)
class LinearSpline(Spline):
    """theta: logits of the heights. Bounded by `minimum`: heights >= m, so slopes >= K m."""

    smooth = False
    curve = staticmethod(linear)
    curve_inverse = staticmethod(linear_inverse)
    curve_vjp = staticmethod(linear_vjp)

    n_params = property(lambda self: self.bins)

    def table(self, theta):
        h = widths(theta, self.minimum)
        w = np.zeros_like(h) + 1.0 / self.bins
        return left_knots(w), left_knots(h), w, h
