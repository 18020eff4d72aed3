"""Planar and Sylvester maps of the checks' own, with random parameters that keep them invertible."""

from __future__ import annotations

import numpy as onp


def bent(value):
    """tanh, by another formula than the chapter's."""
    return 1 - 2 / (onp.exp(2 * value) + 1)


def slope(value):
    """tanh'."""
    return 1 / onp.cosh(value) ** 2


class Planar:
    """x = z + u tanh(w . z + b), with w . u = `along`."""

    def __init__(self, rng, D, along):
        self.w, self.b = rng.uniform(0.6, 1.6, size=D) * rng.choice([-1, 1], size=D), float(rng.uniform(0.3, 1))
        u = rng.normal(size=D)
        self.u = u + (along - self.w @ u) * self.w / (self.w @ self.w)

    def forward(self, z):
        return z + self.u * bent(self.w @ z + self.b)

    def log_det(self, z):
        return float(onp.log(abs(1 + slope(self.w @ z + self.b) * (self.w @ self.u))))

    @property
    def others(self):
        return self.w, self.u, self.b


class Sylvester:
    """x = z + Q R tanh(R_tilde Q^T z + b)."""

    def __init__(self, rng, D, M):
        self.Q = onp.linalg.qr(rng.normal(size=(D, M)))[0]
        self.R, self.R_tilde = onp.triu(rng.normal(size=(M, M))), onp.triu(rng.normal(size=(M, M)))
        positive = rng.uniform(0.5, 1.5, size=(2, M))
        onp.fill_diagonal(self.R, positive[0] * rng.choice([1, -0.4], size=M))
        onp.fill_diagonal(self.R_tilde, positive[1])
        self.b = rng.normal(size=M)

    def units(self, z):
        return self.R_tilde @ (self.Q.T @ z) + self.b

    def forward(self, z):
        return z + self.Q @ (self.R @ bent(self.units(z)))

    def log_det(self, z):
        diagonals = onp.diag(self.R) * onp.diag(self.R_tilde)
        return float(onp.log(1 + slope(self.units(z)) * diagonals).sum())

    @property
    def others(self):
        return self.Q, self.R, self.R_tilde, self.b


def root(f, target):
    """The p with f(p) = target for a smooth increasing f, by bisection from far away."""
    low, high = target - 1e3, target + 1e3
    for _ in range(120):
        middle = (low + high) / 2
        low, high = (middle, high) if f(middle) <= target else (low, middle)
    return middle
