"""StandardLogistic: the density whose distribution function is the sigmoid, independent in every variable.

    log p(z) = sum_i [ -z_i - 2 log(1 + e^-z_i) ],      d log p / dz_i = -tanh(z_i / 2)
    z = log u - log(1 - u),  u ~ U(0, 1)

sigmoid(z) is then uniform on (0, 1). A flow on this base that ends in a sigmoid starts as uniform noise, if its layers
start as the identity.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as onp

from nfscratch import backend, validate
from nfscratch.distributions.distribution import Distribution
from nfscratch.ops.events import laid_out
from nfscratch.ops.layout import sum_events
from nfscratch.transformers.fixed import softplus


@dataclass(frozen=True, eq=False)
class StandardLogistic(Distribution):
    """Over `dim` variables, or over events of shape `dim` = (C, H, W). No parameters."""

    dim: int | tuple[int, ...]

    shape = cached_property(lambda self: validate.event_shape("StandardLogistic", self.dim))

    def __post_init__(self):
        validate.event_shape("StandardLogistic", self.dim)

    def log_prob(self, params, z, context=None):
        return sum_events(-softplus(z) - softplus(-z))

    def log_prob_vjp(self, params, z, context=None):
        def pullback(g):
            return {}, (-g * onp.tanh(0.5 * z).T).T

        return self.log_prob(params, z), pullback

    def sample(self, params, rng, n, like=None, context=None):
        like = backend.asarray([]) if like is None else like
        u = rng.random((n, *self.shape))
        u += (1 - u) * 2.0**-54  # u = 0 would be -inf; 1 is never drawn
        draws = onp.log(u) - onp.log1p(-u)
        return laid_out(backend.asarray(draws, dtype=like.dtype, like=like))

    def sample_and_log_prob_vjp(self, params, rng, n, like=None, context=None):
        z = self.sample(params, rng, n, like)
        return z, self.log_prob(params, z), lambda g_z, g_log_p: {}
