"""Euler-Maruyama: a stochastic differential equation, in equal steps.

    dy = f(t, y) dt + g(t, y) dW        W: a Wiener process for each number of y, dW ~ N(0, dt)              (1)
    y' = y + f h + g sqrt(|h|) xi,      xi ~ N(0, 1)                                                         (2)

h < 0 solves (1) backwards in time, as the sampling of a diffusion model does with the reversed drift. A path is
accurate to order h^(1/2), and to order h where g does not depend on y; the distribution of y(t1) to order h.
Maruyama 1955; Kloeden and Platen 1992, chapters 9 and 10.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as onp

from nfscratch import backend, validate
from nfscratch.ode.right_side import RightSide, check_problem, is_finite, time_like
from nfscratch.ode.solver import Solution


@dataclass(frozen=True, eq=False)
class EulerMaruyama:
    """`steps` equal steps, of one evaluation of f and of g each."""

    steps: int = 100

    def __post_init__(self):
        object.__setattr__(self, "steps", validate.count("steps", self.steps, least=1))

    def solve(self, f: Callable, g: Callable, y: Any, t0: float, t1: float, rng: onp.random.Generator) -> Solution:
        """A draw of y at t1: (S, N). f(t, y): an array like y; g(t, y): a number, or an array that fits y's shape.

        The draws are the generator's, in float64 on the host, so that a seed means the same on every dtype and device.
        """
        validate.generator(rng)
        check_problem(y, t0, t1, f=f, g=g)
        rhs, h = RightSide(lambda t, y: (f(t, y), g(t, y))), (t1 - t0) / self.steps
        for n in range(self.steps):
            t = time_like(y, t0 + n * h)
            drift, diffusion = rhs(t, y)
            xi = backend.asarray(rng.normal(size=y.shape), dtype=y.dtype, like=y)
            y = y + h * drift + abs(h) ** 0.5 * diffusion * xi
            if not is_finite(y):
                rhs.fail(f"the solution must be finite; it became NaN or infinite in step {n + 1}", t)
        return Solution(y, rhs.evaluations, self.steps)
