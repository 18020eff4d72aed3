"""The contract of a base density: log_prob and sample, with parameters passed in like a bijection's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as onp

from nfscratch import autodiff, backend
from nfscratch.intervals import REALS


@dataclass(frozen=True, eq=False)
class Distribution:
    """A density over arrays of event shape `shape`."""

    reparameterized = True  # whether `sample`, differentiated, gives the derivative of the draw
    support = REALS  # the interval, in every variable, where the density is not 0

    @property
    def shape(self) -> tuple[int, ...]:
        """Event shape."""
        raise NotImplementedError(f"{type(self).__name__} does not say its shape")

    def init(self, rng, z=None):
        """Fresh parameters. `z`: a batch of noise-side data, where a flow has one."""
        return {}

    def log_prob(self, params, z):
        """log p(z): (N, *shape) -> (N,)."""
        raise NotImplementedError(f"{type(self).__name__} has no log_prob")

    def log_prob_vjp(self, params, z):
        """log p(z), and pullback(g) -> g_params, g_z."""
        return autodiff.value_and_vjp(self.log_prob, params, z)

    def sample(self, params, rng, n, like=None):
        """n draws, (n, *shape), of the dtype and array type of the parameters; without any, of the array `like`."""
        raise NotImplementedError(f"{type(self).__name__} has no sample")


def standard_normal(rng, shape, like):
    """Draws of N(0, 1) like the array `like`, batch-last in memory: float64 on the host, then cast."""
    n, *event = shape
    draws = rng.standard_normal((n, *event))
    return backend.asarray(onp.asfortranarray(draws), dtype=like.dtype, like=like)
