"""Priors p(theta): what a simulator's unknowns are before any data are seen.

BoxPrior      theta_i ~ U(low_i, high_i)       log p = -sum_i log(high_i - low_i) inside, -inf outside
NormalPrior   theta ~ N(0, s^2 I)              log p = -|theta|^2 / 2s^2 - D log(s sqrt(2 pi))
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nfscratch.targets.density import LOG_2PI


@dataclass(frozen=True)
class Prior:
    """A subclass gives `dim`, `draw(rng, n) -> (n, dim)` and `log_density(theta) -> (N,)`."""

    support = None  # (low, high), D numbers each, as a flow's `support=` takes them; None: everywhere

    @property
    def dim(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} does not say its dim")

    def draw(self, rng: np.random.Generator, n: int) -> np.ndarray:
        raise NotImplementedError(f"{type(self).__name__} has no draw")

    def log_density(self, theta: np.ndarray) -> np.ndarray:
        raise NotImplementedError(f"{type(self).__name__} has no log_density")


@dataclass(frozen=True)
class BoxPrior(Prior):
    """Uniform on the box low_i <= theta_i <= high_i."""

    low: Sequence[float]
    high: Sequence[float]

    def __post_init__(self):
        for name in ("low", "high"):
            object.__setattr__(self, name, tuple(float(end) for end in getattr(self, name)))
        ordered = all(-np.inf < a < b < np.inf for a, b in zip(self.low, self.high, strict=False))
        if not self.low or len(self.low) != len(self.high) or not ordered:
            raise ValueError(f"low and high must be D finite numbers each, low below high; got {self.low}, {self.high}")

    dim = property(lambda self: len(self.low))
    support = property(lambda self: (self.low, self.high))

    def draw(self, rng, n):
        return rng.uniform(self.low, self.high, size=(n, self.dim))

    def log_density(self, theta):
        return np.where(self.inside(theta), -np.log(np.subtract(self.high, self.low)).sum(), -np.inf)

    def inside(self, theta: np.ndarray) -> np.ndarray:
        """Which rows lie in the box: (N, D) -> (N,) booleans."""
        return ((theta >= self.low) & (theta <= self.high)).all(axis=1)


@dataclass(frozen=True)
class NormalPrior(Prior):
    """N(0, std^2 I)."""

    dim: int = 1
    std: float = 1.0

    def draw(self, rng, n):
        return self.std * rng.standard_normal((n, self.dim))

    def log_density(self, theta):
        return -0.5 * ((theta / self.std) ** 2 + LOG_2PI).sum(axis=1) - self.dim * np.log(self.std)
