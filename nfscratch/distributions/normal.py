"""Normal base densities.

    StandardNormal    log p(z) = -1/2 sum_i z_i^2 - D/2 log(2 pi)
    DiagonalNormal    log p(z) = -1/2 sum_i u_i^2 - D/2 log(2 pi) - sum_i s_i,    u = (z - m) exp(-s)

DiagonalNormal is trainable: params {"mean": m (D,), "log_std": s (D,)}, or (N, D) each for parameters per sample.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, pi, prod

import autograd.numpy as np
import numpy as onp

from nfscratch import backend
from nfscratch.distributions.distribution import Distribution, standard_normal
from nfscratch.ops.affine import affine_inverse_vjp
from nfscratch.ops.layout import columns, from_columns, sum_events

HALF_LOG_2PI = 0.5 * log(2 * pi)


@dataclass(frozen=True, eq=False)
class StandardNormal(Distribution):
    """N(0, I) over `dim` variables, or over events of shape `dim` = (C, H, W)."""

    dim: int | tuple[int, ...]

    shape = property(lambda self: (self.dim,) if isinstance(self.dim, (int, onp.integer)) else tuple(self.dim))

    def log_prob(self, params, z, context=None):
        return -0.5 * sum_events(np.square(z)) - prod(self.shape) * HALF_LOG_2PI

    def log_prob_vjp(self, params, z, context=None):
        log_p = -0.5 * sum_events(z * z) - prod(self.shape) * HALF_LOG_2PI
        return log_p, lambda g: ({}, (-g * z.T).T)

    def sample(self, params, rng, n, like=None, context=None):
        return standard_normal(rng, (n, *self.shape), backend.asarray([]) if like is None else like)

    def sample_and_log_prob_vjp(self, params, rng, n, like=None, context=None):
        z = self.sample(params, rng, n, like)
        return z, self.log_prob_vjp(params, z)[0], lambda g_z, g_log_p: {}


@dataclass(frozen=True, eq=False)
class DiagonalNormal(Distribution):
    """N(m, diag exp(2 s)) over `dim` variables."""

    dim: int

    shape = property(lambda self: (self.dim,))

    def init(self, rng, z=None, context=None):
        zeros = backend.asarray(onp.zeros(self.dim))
        return {"log_std": zeros, "mean": zeros.copy()}

    def log_prob(self, params, z, context=None):
        u = (z - params["mean"]) * np.exp(-params["log_std"])
        return -0.5 * np.sum(np.square(u), axis=1) - np.sum(params["log_std"], axis=-1) - self.dim * HALF_LOG_2PI

    def log_prob_vjp(self, params, z, context=None):
        s, m = columns(params["log_std"]), columns(params["mean"])
        u, back = affine_inverse_vjp(s, m, z.T)
        log_p = -0.5 * (u * u).sum(axis=0) - s.sum(axis=0) - self.dim * HALF_LOG_2PI

        def pullback(g):
            g_s, g_m, g_z = back(-(g * u), g)
            return {"log_std": from_columns(g_s, params["log_std"]), "mean": from_columns(g_m, params["mean"])}, g_z.T

        return log_p, pullback

    def sample(self, params, rng, n, like=None, context=None):
        eps = standard_normal(rng, (n, self.dim), params["mean"])
        return params["mean"] + np.exp(params["log_std"]) * eps

    def sample_and_log_prob_vjp(self, params, rng, n, like=None, context=None):
        """z = m + exp(s) eps: log p(z) depends on s and eps alone, since u in it is eps."""
        s, m = columns(params["log_std"]), columns(params["mean"])
        eps = standard_normal(rng, (n, self.dim), params["mean"]).T
        moved = onp.exp(s) * eps
        log_p = -0.5 * (eps * eps).sum(axis=0) - s.sum(axis=0) - self.dim * HALF_LOG_2PI

        def pullback(g_z, g_log_p):
            g_s, g_m = g_z.T * moved - g_log_p, g_z.T
            return {"log_std": from_columns(g_s, params["log_std"]), "mean": from_columns(g_m, params["mean"])}

        return (moved + m).T, log_p, pullback
