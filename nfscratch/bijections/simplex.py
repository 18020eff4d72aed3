"""Simplex: from all reals onto K shares that add up to 1, by breaking a stick. A last layer, for shares.

    v_k = sigmoid(t_k),  t_k = z_k - log(K - k)          the piece that is broken off, as a part of what is left
    x_k = v_k r_k,       r_1 = 1,  r_{k+1} = r_k (1 - v_k)                              k = 1 to K - 1             (1)
    log_det = sum_k log x_k + log r_K                                                                              (2)

x holds the first K - 1 shares. The last one is r_K = 1 - x_1 - ... - x_{K-1}, and `shares` adds it; a density of x is
with respect to the first K - 1, as that of a Dirichlet distribution is written. z = 0 is x_k = 1 / K for every k:
that is what log(K - k) is for (as in Stan). The Jacobian is triangular; with sp(t) = log(1 + e^t),

    log x_k = -sp(-t_k) - sum_{j<k} sp(t_j),             log_det = -sum_k [sp(-t_k) + (K - k) sp(t_k)]             (3)

A point on an edge or outside has density 0: the log-det is -inf, and z is 0. `forward` ends inside in every dtype.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import inf

import autograd.numpy as np
import numpy as onp

from nfscratch import validate
from nfscratch.backend import Constant
from nfscratch.bijections.contract import Bijection
from nfscratch.ops.identity import identity
from nfscratch.ops.sigmoid import sigmoid
from nfscratch.transformers.fixed import softplus


@dataclass(frozen=True, eq=False)
class Simplex(Bijection):
    """From K - 1 reals onto the first K - 1 of K positive shares that add up to 1. No parameters. K: at least 2."""

    K: int

    jacobian_structure = "triangular"
    in_shape = property(lambda self: (self.K - 1,))
    codomain = property(lambda self: (0.0, 1.0) if self.K == 2 else None)  # with K > 2 it is no box

    def __post_init__(self):
        validate.size("K", self.K, least=2)

    def shares(self, x):
        """All K shares, of the first K - 1: (N, K - 1) -> (N, K)."""
        return np.concatenate([x, 1.0 - np.sum(x, axis=1, keepdims=True)], axis=1)

    def forward(self, params, z, context=None, rng=None):
        t, later = self._broken(z)
        log_x = -softplus(-t) - self._earlier(softplus(t))
        return _kept_inside(np.exp(log_x)).T, -np.sum(softplus(-t) + later * softplus(t), axis=0)

    def inverse(self, params, x, context=None, rng=None):
        inside, x, left = self._within(x.T)
        t = np.log(x) - np.log(left)
        log_det = -np.sum(np.log(x), axis=0) - np.log(left[-1])  # (2)
        z = t + np.log(self._later.on(x))
        return np.where(inside, z, 0.0).T, np.where(inside, log_det, -inf)

    def forward_vjp(self, params, z, context=None, rng=None):
        t, later = self._broken(z)
        x, log_det = self.forward(params, z)

        def pullback(g_x, g_log_det):
            up, down, g = sigmoid(t), sigmoid(-t), g_x.T * x.T
            g_t = g * down - up * self._after(g) + g_log_det * (down - later * up)
            return {}, g_t.T, None

        return x, log_det, pullback

    def inverse_vjp(self, params, x, context=None, rng=None):
        z, log_det = self.inverse(params, x)

        def pullback(g_z, g_log_det):
            inside, rows, left = self._within(x.T)
            g = g_z.T / left
            g_x = (g_z.T - g_log_det) / rows + g + self._after(g) + g_log_det / left[-1]
            return {}, onp.where(inside, g_x, 0.0).T, None

        return z, log_det, pullback

    def jacobian(self, params, z, context=None):
        """dx_k/dz_k = x_k (1 - v_k), and dx_k/dz_j = -x_k v_j for j < k."""
        t, _ = self._broken(z)
        x = self.forward(params, z)[0]
        own = sigmoid(-t).T[:, None, :] * identity(self.K - 1, z)
        return x[:, :, None] * (own - sigmoid(t).T[:, None, :] * self._lower.on(z))

    @cached_property
    def _later(self):
        """K - k, as a column: how many shares come after the k-th."""
        return Constant(onp.arange(self.K - 1, 0, -1.0)[:, None])

    @cached_property
    def _lower(self):
        """1 where j < k."""
        return Constant(onp.tri(self.K - 1, k=-1))

    @cached_property
    def _upper(self):
        return Constant(onp.tri(self.K - 1, k=-1).T)

    def _earlier(self, rows):
        """sum_{j<k} of rows (K - 1, N)."""
        return np.matmul(self._lower.on(rows), rows)

    def _after(self, rows):
        """sum_{j>k}."""
        return np.matmul(self._upper.on(rows), rows)

    def _broken(self, z):
        """t (K - 1, N), and K - k."""
        later = self._later.on(z)
        return z.T - np.log(later), later

    def _within(self, x):
        """Which columns of x (K - 1, N) are inside; x, with other columns at 1 / K; and r_{k+1}, what is left."""
        inside = np.all(x > 0.0, axis=0) & (x + self._earlier(x) < 1.0)[-1]
        x = np.where(inside, x, 1.0 / self.K)  # no branch of a where may be NaN
        return inside, x, 1.0 - x - self._earlier(x)


def _kept_inside(x):
    """Rows of x (K - 1, N) whose shares, or what they leave of 1, have rounded to 0: moved by that rounding."""
    tiny, eps = onp.finfo(x.dtype).tiny, onp.finfo(x.dtype).eps
    x = np.where(x < tiny, tiny, x)
    step = 2.0 * (len(x) + 1) * eps
    return np.where(1.0 - np.sum(x, axis=0) < step, x * (1.0 - 2.0 * step), x)
