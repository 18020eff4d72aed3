"""The contract of a base density: log_prob and sample, with parameters passed in like a bijection's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as onp

from nfscratch import autodiff, backend
from nfscratch.ops.intervals import REALS


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

    def sample_and_log_prob_vjp(self, params, rng, n, like=None):
        """Draws z and log p(z), and pullback(g_z, g_log_p) -> g_params, through the draws too."""

        def both(p):
            z = self.sample(p, rng, n, like)
            return z, self.log_prob(p, z)

        (z, log_p), pullback = autodiff.value_and_vjp(both, params)
        return z, log_p, lambda g_z, g_log_p: pullback((g_z, g_log_p))[0]


def standard_normal(rng, shape, like):
    """Draws of N(0, 1) like the array `like`, batch-last in memory: float64 on the host, then cast."""
    n, *event = shape
    draws = rng.standard_normal((n, *event))
    return backend.asarray(onp.asfortranarray(draws), dtype=like.dtype, like=like)
