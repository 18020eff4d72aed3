"""A radial map of the checks' own, by the distance from the centre."""

from __future__ import annotations

import numpy as onp


class Radial:
    def __init__(self, rng, D, alpha=None, gamma=None):
        self.centre = rng.normal(size=D)
        self.alpha = float(rng.uniform(0.4, 0.9) if alpha is None else alpha)
        self.gamma = float(rng.uniform(1.2, 2.5) if gamma is None else gamma)

    def f(self, r):
        return (self.gamma + r) / (self.alpha + r)

    def forward(self, z):
        d = z - self.centre
        return self.centre + self.f(onp.linalg.norm(d)) * d

    def log_det(self, z):
        """By the slope of r f(r) along the ray, and f across it."""
        r, D, a = onp.linalg.norm(z - self.centre), len(z), self.alpha
        along = self.f(r) + r * (a - self.gamma) / (a + r) ** 2
        return float(onp.log(along) + (D - 1) * onp.log(self.f(r)))

    @property
    def others(self):
        return self.centre, self.alpha, self.gamma
