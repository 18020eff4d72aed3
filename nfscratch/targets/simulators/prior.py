"""Priors p(theta): what a simulator's unknowns are before any data are seen.

BoxPrior      theta_i ~ U(low_i, high_i)       log p = -sum_i log w_i inside, -inf outside,      w_i = high_i - low_i
TailedBox     the same with Gaussian tails     log p = -sum_i [log(w_i + s_i sqrt(2 pi)) + d_i^2 / 2 s_i^2]      (1)
NormalPrior   theta ~ N(0, s^2 I)              log p = -|theta|^2 / 2s^2 - D log(s sqrt(2 pi))

d_i is the distance of theta_i from [low_i, high_i], and s_i a share of w_i. Inside of the box (1) is constant, so that
theta | x, cut off at the box, is the same as under the BoxPrior. But it has no edge there, and an edge in the middle of
a posterior is what a flow learns worst. So simulate with theta from (1), fit on all pairs, on the open plane, and
refuse draws outside of the box (Tirapongprasert and Ho 2026, arXiv:2601.17120, the tailed-uniform proposal):

    proposal = simulator.with_tails()
    theta = proposal.prior(rng, 1000);  x = proposal.simulate(rng, theta);  fit a flow of theta given x
    simulator.of_theta.kept(lambda n: flow.sample(params, rng, n, context=observed), 500)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nfscratch import backend, validate
from nfscratch.targets.density import LOG_2PI

LEAST_KEPT = 1e-3  # of the draws: below it, most of the work is for nothing


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
            object.__setattr__(self, name, validate.row(name, getattr(self, name)))
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

    def kept(self, draw: Callable[[int], Any], n: int) -> np.ndarray:
        """n draws in the box, (n, D): of draw(m) -> (m, D), called until there are enough; the others are refused.

        ValueError where draw gives another shape, or fewer than one of a thousand draws is in the box.
        """
        n = validate.count("n", n)
        found, drawn, missing = [np.empty((0, self.dim))], 0, n
        while missing:
            theta = np.asarray(backend.to_numpy(validate.numeric("draw(n)", draw(n))))
            if theta.shape != (n, self.dim):
                raise ValueError(f"draw({n}) must give an array of shape ({n}, {self.dim}); got {theta.shape}")
            found.append(theta[self.inside(theta)][:missing])
            drawn, missing = drawn + n, missing - len(found[-1])
            if drawn > 1 / LEAST_KEPT and n - missing < LEAST_KEPT * drawn:
                raise ValueError(f"draw must give draws in the box; {n - missing} of {drawn} were inside")
        return np.concatenate(found)


@dataclass(frozen=True)
class TailedBox(BoxPrior):
    """Flat on the box, with Gaussian tails outside of it, (1): s_i is `share` times the box's width."""

    share: float = 0.1

    support = None

    def __post_init__(self):
        super().__post_init__()
        validate.positive("share", self.share)

    @property
    def _widths(self):
        """w_i and s_i."""
        w = np.subtract(self.high, self.low)
        return w, self.share * w

    def draw(self, rng, n):
        (w, s), shape = self._widths, (n, self.dim)
        flat, tail = rng.uniform(self.low, self.high, size=shape), s * rng.standard_normal(shape)
        outside = np.where(tail < 0, self.low, self.high) + tail
        return np.where(rng.random(shape) * (w + s * np.sqrt(2 * np.pi)) < w, flat, outside)

    def log_density(self, theta):
        w, s = self._widths
        d = theta - np.clip(theta, self.low, self.high)
        return -np.log(w + s * np.sqrt(2 * np.pi)).sum() - 0.5 * ((d / s) ** 2).sum(axis=1)


@dataclass(frozen=True)
class NormalPrior(Prior):
    """N(0, std^2 I)."""

    dim: int = 1
    std: float = 1.0

    def draw(self, rng, n):
        return self.std * rng.standard_normal((n, self.dim))

    def log_density(self, theta):
        return -0.5 * ((theta / self.std) ** 2 + LOG_2PI).sum(axis=1) - self.dim * np.log(self.std)
