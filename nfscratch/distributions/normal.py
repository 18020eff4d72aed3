"""Normal base densities.

    StandardNormal    log p(z) = -1/2 sum_i z_i^2 - D/2 log(2 pi)
    DiagonalNormal    log p(z) = -1/2 sum_i u_i^2 - D/2 log(2 pi) - sum_i s_i,    u = (z - m) exp(-s)

DiagonalNormal is trainable: params {"mean": m (D,), "log_std": s (D,)}, or (N, D) each for parameters per sample. For
events (C, H, W) these axes stand in place of D. Where exp(-s) is infinite, u is 0 at the mean and huge beside it; where
exp(s) is, a draw lies at the end of the dtype's numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import log, pi, prod

import autograd.numpy as np
import numpy as onp

from nfscratch import backend, validate
from nfscratch.autodiff import raw
from nfscratch.distributions.distribution import Distribution, standard_normal
from nfscratch.ops.affine import affine_inverse_vjp, end, held
from nfscratch.ops.events import flat, unflat
from nfscratch.ops.layout import columns, from_columns, sum_events

HALF_LOG_2PI = 0.5 * log(2 * pi)


def from_component(x, mean, log_std, xp):
    """u = (x - mean) e^-log_std, and e^-log_std: finite numbers, so that a component of share 0 leaves 0 and no NaN.

    u^2 may still overflow: then the component has density 0 at x. xp: NumPy, or autograd's.
    """
    largest = float(onp.finfo(mean.dtype).max)
    inverse_std = xp.exp(xp.minimum(-log_std, 0.99 * log(largest)))
    return xp.clip((x - mean) * inverse_std, -(largest**0.75), largest**0.75), inverse_std


def deviation(log_std, eps):
    """e^log_std eps, or half of the dtype's largest number where that is infinite: of infinity layers make NaN."""
    with onp.errstate(over="ignore"):
        moved = np.exp(held(log_std)) * eps
    most = _most(moved)
    return moved if _have_room(raw(log_std)) else np.clip(moved, -most, most)


def _most(x):
    return 0.5 * float(onp.finfo(x.dtype).max)


def _where_free(g, moved, log_std):
    """g, and 0 where the log-scale is held or what it made is cut off."""
    free = (onp.abs(moved) < _most(moved)) & (onp.abs(log_std) < end(log_std.dtype))
    return onp.where(free, g, onp.zeros_like(g))


def _have_room(log_std):
    """Whether a draw with these log-scales is sure to be a number: no |eps| is above e^5."""
    return bool((log_std < end(log_std.dtype) - 5.0).all())


@dataclass(frozen=True, eq=False)
class StandardNormal(Distribution):
    """N(0, I) over `dim` variables, or over events of shape `dim` = (C, H, W)."""

    dim: int | tuple[int, ...]

    shape = cached_property(lambda self: validate.event_shape("StandardNormal", self.dim))

    def __post_init__(self):
        validate.event_shape("StandardNormal", self.dim)

    def draws_row_by_row(self, params):
        return type(self).sample is StandardNormal.sample

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
    """N(m, diag exp(2 s)) over `dim` variables, or over events of shape `dim` = (C, H, W)."""

    dim: int | tuple[int, ...]

    shape = cached_property(lambda self: validate.event_shape("DiagonalNormal", self.dim))

    def __post_init__(self):
        validate.event_shape("DiagonalNormal", self.dim)

    def init(self, rng, z=None, context=None):
        zeros = backend.asarray(onp.zeros(self.shape))
        return {"log_std": zeros, "mean": zeros.copy()}

    def draws_row_by_row(self, params):
        return type(self).sample is DiagonalNormal.sample

    def log_prob(self, params, z, context=None):
        u = (z - params["mean"]) * np.exp(-held(params["log_std"]))
        s = np.sum(params["log_std"], axis=tuple(range(-len(self.shape), 0)))
        return -0.5 * sum_events(np.square(u)) - s - prod(self.shape) * HALF_LOG_2PI

    def log_prob_vjp(self, params, z, context=None):
        s, m = self._columns(params)
        u, back = affine_inverse_vjp(held(s), m, flat(z))
        log_p = -0.5 * (u * u).sum(axis=0) - s.sum(axis=0) - prod(self.shape) * HALF_LOG_2PI

        def pullback(g):
            g_s, g_m, g_z = back(-(g * u), g)
            return self._grads(params, g_s, g_m), unflat(g_z, self.shape)

        return log_p, pullback

    def sample(self, params, rng, n, like=None, context=None):
        eps = standard_normal(rng, (n, *self.shape), params["mean"])
        return params["mean"] + deviation(params["log_std"], eps)

    def sample_and_log_prob_vjp(self, params, rng, n, like=None, context=None):
        """z = m + exp(s) eps: log p(z) depends on s and eps alone, since u in it is eps."""
        s, m = self._columns(params)
        eps = flat(standard_normal(rng, (n, *self.shape), params["mean"]))
        moved = deviation(s, eps)
        log_p = -0.5 * (eps * eps).sum(axis=0) - s.sum(axis=0) - prod(self.shape) * HALF_LOG_2PI

        def pullback(g_z, g_log_p):
            g_m = flat(g_z)
            g_s = g_m * moved if _have_room(s) else _where_free(g_m * moved, moved, s)
            return self._grads(params, g_s - g_log_p, g_m)

        return unflat(moved + m, self.shape), log_p, pullback

    def _columns(self, params):
        """s and m of the flattened event, batch-last: (D, n)."""
        return columns(self._vector(params["log_std"])), columns(self._vector(params["mean"]))

    def _grads(self, params, g_s, g_m):
        grads = {"log_std": g_s, "mean": g_m}
        return {k: from_columns(g, self._vector(params[k])).reshape(params[k].shape) for k, g in grads.items()}

    def _vector(self, p):
        """A parameter (*shape,) or (N, *shape), its event flattened."""
        return p if len(self.shape) == 1 else p.reshape((*p.shape[: p.ndim - len(self.shape)], prod(self.shape)))
