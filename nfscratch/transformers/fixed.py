"""Maps of one variable without parameters: they carry a density to the interval of the data.

    Exp         x = e^z                              log-derivative  z                              x > 0
    Softplus    x = log(1 + e^z)                     log-derivative  -softplus(-z)                  x > 0
    Sigmoid     x = low + (high - low) / (1 + e^-z)  log(high - low) - softplus(z) - softplus(-z)   low < x < high
    Tanh        x = tanh z                           2 (log 2 - z - softplus(-2z))                  -1 < x < 1
    LeakyReLU   x = z, or slope z where z < 0        log-derivative  0, or log slope                all reals

`Inverse(Sigmoid())` is the logit. The obvious forms fail where they are needed most: log(1 - tanh(z)^2) is 1 % wrong
from |z| = 7.9 on in float32 (chapter 01), and sigmoid(z) is exactly 1 from z = 16.6; those above hold for every z.

At an x that no z reaches the density is 0, so `inverse` gives log-derivative -inf there (and z = 0, which says
nothing): never NaN. `forward` ends strictly inside: what rounds to an end becomes the number next to it, or a draw
would have density 0. theta has no columns: (D, 0).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite, log

import autograd.numpy as np
import numpy as onp

from nfscratch.ops.intervals import apart
from nfscratch.transformers.transformer import Transformer


def softplus(z):
    return np.logaddexp(0.0, z)


@dataclass(frozen=True, eq=False)
class Fixed(Transformer):
    """x = h(z), increasing. A subclass gives `_forward`, `_inverse` and `_log_slope` (of h, at z), and its range."""

    n_params = 0
    identity_at_zero = False
    low = -float("inf")
    high = float("inf")

    @property
    def codomain(self):
        return (self.low, self.high)

    def image(self, interval):
        if interval is None:
            return super().image(interval)
        low, high = interval
        return (
            _value(self._forward, low) if isfinite(low) else self.low,
            _value(self._forward, high) if isfinite(high) else self.high,
        )

    def preimage(self, interval):
        if interval is None or apart(interval, self.codomain):
            return super().preimage(interval)
        low, high = interval
        return (
            _value(self._inverse, low) if low > self.low else -inf,
            _value(self._inverse, high) if high < self.high else inf,
        )

    def forward(self, theta, z):
        return inside_of(self._forward(z), self.low, self.high), self._log_slope(z)

    def inverse(self, theta, x):
        inside = (x > self.low) & (x < self.high)
        # Twice where: a gradient through the branch that is not taken must be finite too.
        z = self._inverse(np.where(inside, x, self._forward(np.zeros_like(x))))
        return np.where(inside, z, 0.0), np.where(inside, -self._log_slope(z), -np.inf)


def inside_of(x, low, high):
    """x, and where it was rounded to a finite end the number next to that end: there the density is not 0."""
    number = onp.dtype(x.dtype).type
    if isfinite(low):
        x = np.where(x <= low, float(onp.nextafter(number(low), number(inf))), x)
    if isfinite(high):
        x = np.where(x >= high, float(onp.nextafter(number(high), number(-inf))), x)
    return x


def _value(h, end):
    """h at one end of an interval; an overflow is infinity."""
    with onp.errstate(over="ignore"):
        return float(h(onp.array(end)))


@dataclass(frozen=True, eq=False)
class Exp(Fixed):
    """x = e^z: from all reals to x > 0."""

    low = 0.0

    def _forward(self, z):
        return np.exp(z)

    def _log_slope(self, z):
        return z + np.zeros_like(z)

    def _inverse(self, x):
        return np.log(x)


@dataclass(frozen=True, eq=False)
class Softplus(Fixed):
    """x = log(1 + e^z): from all reals to x > 0, and nearly z for large z."""

    low = 0.0

    def _forward(self, z):
        return softplus(z)

    def _log_slope(self, z):
        return -softplus(-z)

    def _inverse(self, x):
        return x + np.log(-np.expm1(-x))


@dataclass(frozen=True, eq=False)
class Sigmoid(Fixed):
    """x = low + (high - low) sigmoid(z): from all reals to (low, high). Inverse(Sigmoid()) is the logit."""

    low: float = 0.0
    high: float = 1.0

    def __post_init__(self):
        if not -float("inf") < self.low < self.high < float("inf"):
            raise ValueError(f"Sigmoid needs finite low < high; got {self.low} and {self.high}")

    def _forward(self, z):
        # Each end is approached from its own side: low + width * sigmoid(z) would round to `high` early.
        return self.high * np.exp(-softplus(-z)) + self.low * np.exp(-softplus(z))

    def _log_slope(self, z):
        return log(self.high - self.low) - softplus(z) - softplus(-z)

    def _inverse(self, x):
        return np.log(x - self.low) - np.log(self.high - x)


@dataclass(frozen=True, eq=False)
class Tanh(Fixed):
    """x = tanh z: from all reals to (-1, 1)."""

    low = -1.0
    high = 1.0

    def _forward(self, z):
        return np.tanh(z)

    def _log_slope(self, z):
        return 2.0 * (log(2.0) - z - softplus(-2.0 * z))

    def _inverse(self, x):
        return np.arctanh(x)


@dataclass(frozen=True, eq=False)
class LeakyReLU(Fixed):
    """x = z for z >= 0 and slope z below."""

    slope: float = 0.1

    smooth = False

    def __post_init__(self):
        if not 0 < self.slope < inf:
            why = "slope must be positive and finite: a flat or decreasing piece has no inverse"
            raise ValueError(f"{why}; got {self.slope}")

    def _forward(self, z):
        return np.where(z >= 0, z, self.slope * z)

    def _log_slope(self, z):
        return np.where(z >= 0, np.zeros_like(z), log(self.slope))

    def _inverse(self, x):
        return np.where(x >= 0, x, x / self.slope)
