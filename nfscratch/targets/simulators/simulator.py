"""Simulator: theta ~ p(theta), x ~ p(x | theta), and what is known of the posterior p(theta | x).

    p(theta | x) = p(x | theta) p(theta) / p(x)

A program that draws x is enough for posterior estimation: a conditional flow is fitted to pairs (theta, x), theta its
variable and x its context. Where the likelihood or the posterior is known in closed form, the flow's answer can be
compared with the truth. Everything here is host-side NumPy in float64; the arguments are checked once, here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nfscratch import context_rows, validate
from nfscratch.targets.simulators.prior import BoxPrior, Prior, TailedBox

FLOAT64 = np.empty(0)


@dataclass(frozen=True, eq=False, repr=False)
class Posterior:
    """p(theta | x) of one observation: `draw(rng, n) -> (n, dim)` and `log_density(theta) -> (N,)`."""

    dim: int
    draw: Callable[[np.random.Generator, int], np.ndarray]
    log_density: Callable[[np.ndarray], np.ndarray]

    def sample(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """n independent draws, (n, dim)."""
        rng = validate.seeded(rng)
        return self.draw(rng, validate.count("n", n))

    def log_prob(self, theta: Any) -> np.ndarray:
        """log p(theta | x) in nats, (N, dim) -> (N,); -inf where theta cannot be."""
        return self.log_density(validate.events("theta", theta, (self.dim,), FLOAT64))

    def __repr__(self) -> str:
        return f"Posterior(dim={self.dim})"


@dataclass(frozen=True, eq=False, repr=False)
class Simulator:
    """A prior and a program; `reach`: the lowest and the highest value of each data variable, (low, high).

    run(rng, theta (N, dim)) -> x (N, data_dim). log_density(theta, x) -> (N,), where the likelihood is known.
    posterior_of(x (data_dim,)) -> Posterior, where that is known.
    possible(x (data_dim,)): whether some theta gives x, where `reach` says too little.

    Gaussian noise has no lowest value: `reach` is then eight standard deviations away from all that the prior gives.
    One simulation in 1e14 lies further out, so an observation there has another cause.
    """

    name: str
    about: str  # one sentence, with the formula
    of_theta: Prior
    data_dim: int
    reach: tuple[np.ndarray, np.ndarray]
    run: Callable[[np.random.Generator, np.ndarray], np.ndarray]
    log_density: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None
    posterior_of: Callable[[np.ndarray], Posterior] | None = None
    possible: Callable[[np.ndarray], bool] | None = None

    dim = property(lambda self: self.of_theta.dim)
    support = property(lambda self: self.of_theta.support)  # (low, high), as the recipes' `support=` takes them

    def prior(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """n draws of theta, (n, dim)."""
        rng = validate.seeded(rng)
        return self.of_theta.draw(rng, validate.count("n", n))

    def log_prior(self, theta: Any) -> np.ndarray:
        """log p(theta) in nats, (N, dim) -> (N,); -inf outside of the support."""
        return self.of_theta.log_density(self._theta(theta))

    def simulate(self, rng: np.random.Generator, theta: Any) -> np.ndarray:
        """One x for each theta: (N, dim) -> (N, data_dim). ValueError for a theta that the prior excludes, or where
        the program cannot run."""
        rng = validate.seeded(rng)
        theta = self._theta(theta)
        outside = np.flatnonzero(np.isneginf(self.of_theta.log_density(theta)))
        if len(outside):
            raise ValueError(f"theta must lie in the prior's support, {self.support}; row {outside[0]} does not")
        with np.errstate(invalid="ignore"):
            x = self.run(rng, theta)
        failed = np.flatnonzero(~np.isfinite(x).all(axis=1))
        if len(failed):
            raise ValueError(
                f"theta must be one that {self.name} can run with; got {theta[failed[0]]}, which gives nan"
            )
        return x

    def with_tails(self, share: float = 0.1) -> Simulator:
        """The same program under a prior with Gaussian tails beyond its box, each `share` of the box wide: a proposal
        to simulate from (prior.py), for a program that can run there. ValueError where the prior is no box."""
        if not isinstance(self.of_theta, BoxPrior):
            raise ValueError(f"with_tails needs a prior on a box; {self.name} has {self.of_theta!r}")
        tailed = TailedBox(self.of_theta.low, self.of_theta.high, share)
        anywhere = np.full(self.data_dim, -np.inf), np.full(self.data_dim, np.inf)  # what the tails give is not known
        return replace(self, of_theta=tailed, reach=anywhere, possible=None, posterior_of=None)

    def log_likelihood(self, theta: Any, x: Any) -> np.ndarray:
        """log p(x | theta) in nats, (N,). x: (N, data_dim), or one row for all, (data_dim,) or (1, data_dim)."""
        if self.log_density is None:
            raise NotImplementedError(f"{self.name} has no formula for its likelihood")
        theta = self._theta(theta)
        return self.log_density(theta, context_rows.context(x, self.data_dim, len(theta), FLOAT64, name="x"))

    def posterior(self, x: Any) -> Posterior:
        """The exact p(theta | x) of one observation, (data_dim,) or (1, data_dim)."""
        if self.posterior_of is None:
            raise NotImplementedError(f"{self.name} has no formula for its posterior")
        return self.posterior_of(self.check_observation(x))

    def check_observation(self, x: Any) -> np.ndarray:
        """x as (data_dim,); ValueError where it has another shape, is not finite, or no theta can give it."""
        x = self._one_row(x)
        low, high = self.reach
        far = np.flatnonzero((x < low) | (x > high))
        if len(far):
            i = far[0]
            raise ValueError(
                f"x must be an observation that {self.name} can give: x[{i}] from {low[i]:.4g} to {high[i]:.4g}; "
                f"got {x[i]:.6g}"
            )
        if self.possible is not None and not self.possible(x):
            raise ValueError(f"x must be an observation that {self.name} can give; no theta of its prior gives {x}")
        return x

    def _one_row(self, x):
        x = validate.numeric("x", x)
        if x.shape not in ((self.data_dim,), (1, self.data_dim)):
            raise ValueError(f"x must be one observation, of shape ({self.data_dim},); got {tuple(x.shape)}")
        return validate.events("x", x.reshape(1, self.data_dim), (self.data_dim,), FLOAT64)[0]

    def _theta(self, theta):
        return validate.events("theta", theta, (self.dim,), FLOAT64)

    def __repr__(self) -> str:
        return f"Simulator({self.name!r}, dim={self.dim}, data_dim={self.data_dim})"
