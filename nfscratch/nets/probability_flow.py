"""ProbabilityFlow: the velocity that has the densities of a diffusion, made from a network that knows its score.

Data x_0 with mean 0 and covariance I is forgotten by an Ornstein-Uhlenbeck process (Uhlenbeck and Ornstein 1930):

    dx = -x du + sqrt(2) dW,     x_u = a x_0 + b eps,     a = e^-u,  b = sqrt(1 - e^-2u)                          (1)

The equation dx/du = -x - grad log p_u(x) has the same densities p_u (Song et al. 2021, arXiv:2011.13456, equation 13).
Where x_0 is standard normal, p_u is as well, and this velocity is 0. So a network g holds the difference alone:

    grad log p_u(x) = -x - (a / b) g(x),     dx/du = (a / b) g(x),     g(x) = E[a eps - b x_0 | x_u = x]          (2)

g is the "v" of Salimans and Ho (2022, arXiv:2202.00512). The flow's time t runs from noise to data, 0 to 1:

    u = T (1 - t)^2,     f(z, t) = dx/du du/dt = -2 T (1 - t) (a / b) g(z, t)                                     (3)

With the square in (3), (1 - t) / b stays finite where u -> 0, so f has no pole: it tends to -sqrt(2 T) g. T is how long
the process runs; a = e^-T is what is left of the data in the noise at t = 0: 0.018 for T = 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

import autograd.numpy as np
import numpy as onp

from nfscratch import validate
from nfscratch.nets.field import Field
from nfscratch.nets.velocity import Velocity, checked_velocity, time_per_row

DENOISER = Field()
LEAST = 1e-12  # of u in a / b: 1e-6 from the end of time


@dataclass(frozen=True, eq=False)
class ProbabilityFlow(Velocity):
    """denoiser: the velocity field g(z, t) of (2), of any class; duration: T of (3)."""

    denoiser: Velocity = DENOISER
    duration: float = 4.0

    def __post_init__(self):
        validate.bound("duration", self.duration)

    updates = property(lambda self: getattr(self.denoiser, "updates", False))

    def init(self, rng: onp.random.Generator, dim: int, context_dim: int = 0) -> Any:
        """The denoiser's parameters."""
        return self.denoiser.init(rng, dim, context_dim)

    def signal_and_noise(self, t: Any) -> tuple[Any, Any]:
        """a and b of (1) at the flow's time t."""
        u = self.duration * np.square(1.0 - t)
        return np.exp(-u), np.sqrt(-np.expm1(-2.0 * u))

    def score(self, params: Any, z: Any, t: Any, context: Any = None) -> Any:
        """grad log p_u(z), equation (2), for noise that is standard normal: (N, D). t < 1, because b = 0 at 1.

        With whiten="full" a recipe gives the noise the correlations of the data: the score is then another one.
        """
        t = time_per_row(t, z)
        a, b = self.signal_and_noise(t)
        return -z - _times(a / b, self.denoiser.apply(params, z, t, context))

    def apply(self, params: Any, z: Any, t: Any, context: Any = None) -> Any:
        t = time_per_row(t, z)
        g = checked_velocity(self.denoiser.apply(params, z, t, context), z, "the denoiser")
        return _times(self._speed(t), g)

    def apply_vjp(self, params: Any, z: Any, t: Any, context: Any = None) -> Any:
        t = time_per_row(t, z)
        c = self._speed(t)
        g, pullback = self.denoiser.apply_vjp(params, z, t, context)
        return _times(c, checked_velocity(g, z, "the denoiser")), lambda g_f: pullback(_times(c, g_f))

    def jvp(self, params: Any, z: Any, t: Any, v: Any, context: Any = None) -> Any:
        t = time_per_row(t, z)
        c = self._speed(t)
        g, Jv = self.denoiser.jvp(params, z, t, v, context)
        return _times(c, checked_velocity(g, z, "the denoiser")), _times(c, Jv)

    def jvp_vjp(self, params: Any, z: Any, t: Any, v: Any, context: Any = None) -> Any:
        t = time_per_row(t, z)
        c = self._speed(t)
        g, Jv, pullback = self.denoiser.jvp_vjp(params, z, t, v, context)
        f = _times(c, checked_velocity(g, z, "the denoiser"))
        return f, _times(c, Jv), lambda g_f, g_Jv: pullback(_times(c, g_f), _times(c, g_Jv))

    def update(self, params: Any) -> Any:
        return self.denoiser.update(params) if self.updates else params

    def _speed(self, t):
        """-2 T (1 - t) a / b of (3): (N,). Its limit at t = 1 is -sqrt(2 T)."""
        u = np.maximum(self.duration * np.square(1.0 - t), LEAST)
        return -2.0 * sqrt(self.duration) * np.sqrt(u / -np.expm1(-2.0 * u)) * np.exp(-u)


def _times(c, f):
    """c (N,) times the rows of f, (N, D) or (K, N, D), which is batch-last in memory: (D, N)."""
    return np.swapaxes(c * np.swapaxes(f, -1, -2), -1, -2)
