"""UMNN: the integral of a positive network is an increasing function (unconstrained monotonic neural network).

    x = b + integral_0^z f(t) dt,      log-derivative  log f(z), exactly                                     (1)
    f(t) = softplus(v(t)) + minimum,   v(t) = c + sum_j w_j tanh(s_j (t - m_j))                               (2)

Wehenkel, Louppe 2019, arXiv:1908.05164. f >= minimum > 0, so that x is onto all reals. The integral is Clenshaw-Curtis
(ops/quadrature.py) with `points` intervals. Its error also separates log f from the log-derivative of the
computed x: with the defaults by less than 1e-8 for theta of scale 1, and less than 2e-6 for any scale (600 wild draws).

theta holds m - offsets, log s, w (`hidden` each), c - c_0 and b; theta = 0 is the identity (w = 0, and c_0 makes f = 1;
the m_j stand at fixed offsets, since equal units would never part).

Deviations. The paper's f is a large network, shared by all variables, that sees the conditioner's output as an input.
Here f is a small one whose weights *are* theta, for each variable and sample its own: the same contract as every
transformer. The paper integrates from 0 to any z. Here f stays as it is beyond |z| = `bound`: the tails are straight
lines, exact, and the points never have to cover more than [-bound, bound]. The paper leaves the weights free. Here
s_j <= steepness and |w_j| <= 2, since a quadrature with a fixed number of points is good only for an f that it can
resolve: a step inside [0, z] would fall between two points, and nothing would say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import expm1, log

import autograd.numpy as np

from nfscratch import validate
from nfscratch.backend import Constant
from nfscratch.ops.affine import bounded
from nfscratch.ops.quadrature import integral
from nfscratch.transformers.in_columns import in_columns
from nfscratch.transformers.mixture_cdf import offsets
from nfscratch.transformers.root_search import NumericTransformer

LARGEST_WEIGHT = 2.0
LARGEST_OFFSET = 3.0  # of c
MOST_POINTS = 1000  # f is evaluated at each of them, for every number of x


@dataclass(frozen=True, eq=False)
class UMNN(NumericTransformer):
    """x = b + integral_0^z (softplus(v(t)) + minimum) dt; P = 3 hidden + 2."""

    hidden: int = 8
    points: int = 96
    bound: float = 5.0
    steepness: float = 4.0
    minimum: float = 0.01

    def __post_init__(self):
        validate.size("hidden", self.hidden)
        validate.count("points", self.points, least=2, most=MOST_POINTS)
        validate.bound("bound", self.bound)
        if not 1 < self.steepness < float("inf"):
            raise ValueError(f"steepness must be finite and above 1, the value of s at theta = 0; got {self.steepness}")
        if not 0 < self.minimum < 1:
            raise ValueError(f"minimum must be between 0 and 1: f is 1 at theta = 0; got {self.minimum}")

    n_params = property(lambda self: 3 * self.hidden + 2)

    @cached_property
    def _places(self):
        return Constant(0.6 * self.bound * offsets(self.hidden))

    @cached_property
    def _c_0(self):
        """softplus(c_0) + minimum = 1."""
        return log(expm1(1.0 - self.minimum))

    def integrand(self, theta, t):
        """f of (2): theta (P, D, n), t (D, N) or (points, D, N)."""
        H = self.hidden
        m = theta[:H] + self._places.on(t)
        s = np.exp(bounded(theta[H : 2 * H], log(self.steepness)))
        w = bounded(theta[2 * H : 3 * H], LARGEST_WEIGHT)
        v = self._c_0 + bounded(theta[3 * H], LARGEST_OFFSET)
        for j in range(H):  # (a unit at a time: its rows fit in the cache)
            v = v + w[j] * np.tanh(s[j] * (t - m[j]))
        return np.logaddexp(0.0, v) + self.minimum

    @in_columns
    def forward(self, theta, z):
        inside = np.clip(z, -self.bound, self.bound)
        f = self.integrand(theta, inside)
        x = theta[-1] + integral(self.integrand, theta, inside, self.points) + f * (z - inside)  # (1)
        return x, np.log(f)

    @in_columns
    def bracket(self, theta, x):
        """minimum <= f gives an end that holds the root, but a far one; f = 1 a guess that is near."""
        b = theta[-1]
        return x - b - 1.0, x - b + 1.0
