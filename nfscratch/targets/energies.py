"""The four targets of Rezende and Mohamed 2015, arXiv:1505.05770, table 1: p(x) proportional to exp(-U(x)).

    w1 = sin(2 pi x1 / 4),   w2 = 3 exp(-((x1 - 1) / .6)^2 / 2),   w3 = 3 sigmoid((x1 - 1) / .3)
    U1 = ((|x| - 2) / .4)^2 / 2 - log(exp(-((x1 - 2) / .6)^2 / 2) + exp(-((x1 + 2) / .6)^2 / 2))
    U2 = ((x2 - w1) / .4)^2 / 2
    U3 = -log(exp(-((x2 - w1) / .35)^2 / 2) + exp(-((x2 - w1 + w2) / .35)^2 / 2))
    U4 = -log(exp(-((x2 - w1) / .4)^2 / 2) + exp(-((x2 - w1 + w3) / .35)^2 / 2))

U2, U3 and U4 do not fall off along x1: on the plane they have no integral, and no flow can be near them there. What is
fitted is their restriction to the box [-4, 4]^2, and what is judged is the reverse KL divergence on it: of a flow's
density q, with Q = the probability that q gives to the box, and Z = the integral of exp(-U) over it,

    KL(q(. | box) || p) = E[log q + U | box] - log Q + log Z                                                  (1)

Without the term -log Q the figure can be negative. What lies outside is not judged by it: its share, 1 - Q, is
reported beside it, and is to be 1e-3 or less. While a flow trains, a wall (2) keeps it inside: U plus

    stiffness / 2 * sum_i max(|x_i| - at, 0)^2                                                                (2)

Gradients are written beside the energies. The constants log Z are quadratures; a test repeats them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import autograd.numpy as np
import numpy as onp

from nfscratch import backend, validate
from nfscratch.ops.sigmoid import sigmoid

BOX = 4.0
WAVE = onp.pi / 2


class OnBox(NamedTuple):
    """Reverse KL on the box in nats, its standard error, and the share of draws outside of the box."""

    kl: float
    error: float
    outside: float


@dataclass(frozen=True, eq=False, repr=False)
class Energy:
    """exp(-U) on the plane: `value(x1, x2)`, and `gradient(x1, x2)` -> dU/dx1, dU/dx2."""

    name: str
    value: Callable[[Any, Any], Any]
    gradient: Callable[[Any, Any], tuple[Any, Any]]
    log_z: float  # log of the integral of exp(-U) over the box

    def log_prob(self, x: Any) -> Any:
        """-U(x), unnormalised: (N, 2) -> (N,)."""
        rows = x.T
        return -self.value(rows[0], rows[1])

    def log_prob_vjp(self, x: Any) -> tuple[Any, Callable]:
        """-U(x), and pullback(g) -> g_x."""
        x1, x2 = x.T
        slopes = self.gradient(x1, x2)
        return -self.value(x1, x2), lambda g: onp.stack([-g * slope for slope in slopes]).T

    def reverse_kl_on_box(self, x: Any, log_q: Any) -> OnBox:
        """(1) from draws x (N, 2) of a density q and their log q(x) (N,)."""
        x, log_q = (onp.asarray(backend.to_numpy(a), dtype=onp.float64) for a in (x, log_q))
        if x.ndim != 2 or x.shape[1] != 2 or log_q.shape != x.shape[:1]:
            raise ValueError(f"x and log_q must have shapes (n, 2) and (n,); got {x.shape} and {log_q.shape}")
        validate.finite("x", x)
        validate.finite("log_q", log_q)
        inside = (onp.abs(x) <= BOX).all(axis=1)
        n, Q = inside.sum(), inside.mean()
        if n < 2:
            raise ValueError(f"reverse KL on the box needs at least 2 draws inside of it; got {n} of {len(x)}")
        terms = log_q[inside] - self.log_prob(x[inside])
        variance = terms.var(ddof=1) / n + (1 - Q) / (Q * len(x))  # the mean's, and that of log Q
        return OnBox(float(terms.mean() - onp.log(Q) + self.log_z), float(variance**0.5), float(1 - Q))

    def __repr__(self) -> str:
        return f"Energy({self.name!r})"


@dataclass(frozen=True, eq=False)
class Walled:
    """An energy with the wall (2) round the box."""

    energy: Energy
    at: float = 3.9
    stiffness: float = 1000.0

    def log_prob(self, x: Any) -> Any:
        beyond = np.maximum(np.abs(x) - self.at, 0.0)
        return self.energy.log_prob(x) - 0.5 * self.stiffness * np.sum(np.square(beyond), axis=1)

    def log_prob_vjp(self, x: Any) -> tuple[Any, Callable]:
        log_p, pullback = self.energy.log_prob_vjp(x)
        rows = x.T
        beyond = onp.maximum(onp.abs(rows) - self.at, 0.0)
        slope = self.stiffness * onp.sign(rows) * beyond
        wall = (0.5 * self.stiffness) * (beyond * beyond).sum(axis=0)
        return log_p - wall, lambda g: pullback(g) - (g * slope).T


# --- the energies ---


def _w1(x1):
    return np.sin(WAVE * x1)


def _w2(x1):
    return 3.0 * np.exp(-0.5 * np.square((x1 - 1.0) / 0.6))


def _w3(x1):
    return 3.0 * sigmoid((x1 - 1.0) / 0.3)


def _half_square(t):
    return 0.5 * np.square(t)


def _u1(x1, x2):
    r = np.sqrt(np.square(x1) + np.square(x2))
    ends = np.logaddexp(-_half_square((x1 - 2.0) / 0.6), -_half_square((x1 + 2.0) / 0.6))
    return _half_square((r - 2.0) / 0.4) - ends


def _u1_gradient(x1, x2):
    r = onp.sqrt(x1 * x1 + x2 * x2)
    ring = (r - 2.0) / (0.16 * onp.maximum(r, 1e-12))  # at r = 0 there is no gradient: it counts as 0
    right = sigmoid(x1 * (4.0 / 0.36))  # the share of the right end in the sum
    return ring * x1 + (x1 + 2.0 - 4.0 * right) / 0.36, ring * x2


def _u2(x1, x2):
    return _half_square((x2 - _w1(x1)) / 0.4)


def _u2_gradient(x1, x2):
    slope = (x2 - _w1(x1)) / 0.16
    return -slope * WAVE * onp.cos(WAVE * x1), slope


def _two_waves(shift, shift_slope, sd1, sd2):
    """-log of two Gaussian ridges in x2: about w1(x1), and about w1(x1) - shift(x1)."""

    def value(x1, x2):
        e = x2 - _w1(x1)
        return -np.logaddexp(-_half_square(e / sd1), -_half_square((e + shift(x1)) / sd2))

    def gradient(x1, x2):
        e = x2 - _w1(x1)
        e2 = e + shift(x1)
        second = sigmoid(_half_square(e / sd1) - _half_square(e2 / sd2))  # the share of the second ridge
        of_second = second * e2 / sd2**2
        slope = (1.0 - second) * e / sd1**2 + of_second
        return of_second * shift_slope(x1) - slope * WAVE * onp.cos(WAVE * x1), slope

    return value, gradient


def _w2_slope(x1):
    return -_w2(x1) * (x1 - 1.0) / 0.36


def _w3_slope(x1):
    share = sigmoid((x1 - 1.0) / 0.3)
    return 10.0 * share * (1.0 - share)


U1 = Energy("U1", _u1, _u1_gradient, 1.87750)
U2 = Energy("U2", _u2, _u2_gradient, 2.08209)
U3 = Energy("U3", *_two_waves(_w2, _w2_slope, 0.35, 0.35), 2.64171)
U4 = Energy("U4", *_two_waves(_w3, _w3_slope, 0.4, 0.35), 2.68457)
ENERGIES = (U1, U2, U3, U4)
