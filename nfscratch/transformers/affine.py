"""Shift (NICE), Affine (RealNVP) and VolumePreserving (GIN): the transformers of the first coupling layers.

    Shift             x = z + t                                  log-derivative 0
    Affine            x = exp(s) z + t,  s = c tanh(a / c)       log-derivative s
    VolumePreserving  the same with  s_i - mean_j s_j            log-derivatives that sum to 0

theta holds t for Shift, and (a, t) for the other two. The bound c = `max_log_scale` keeps exp(s) within [e^-c, e^c]:
an unbounded s overflows on the first bad step (openai/glow#40), and tanh without the division by c has slope c at 0.

Sources: Dinh et al. 2014, arXiv:1410.8516; Dinh et al. 2017, arXiv:1605.08803; Sorrenson et al. 2020,
arXiv:2001.04872 (who set the last s to minus the sum of the others; subtracting the mean treats all alike).
"""

from __future__ import annotations

from dataclasses import dataclass

import autograd.numpy as np
import numpy as onp

from nfscratch import validate
from nfscratch.ops.affine import affine, affine_inverse, affine_inverse_vjp, affine_vjp, bounded, bounded_vjp
from nfscratch.ops.layout import columns, stacked, sum_to
from nfscratch.transformers.in_columns import in_columns, in_columns_vjp
from nfscratch.transformers.transformer import Transformer


@dataclass(frozen=True, eq=False)
class Shift(Transformer):
    """x = z + t."""

    n_params = 1

    def forward(self, theta, z):
        return z + theta[..., 0], np.zeros_like(z)

    def inverse(self, theta, x):
        return x - theta[..., 0], np.zeros_like(x)

    @in_columns_vjp
    def forward_vjp(self, theta, z):
        (t,) = theta
        return z + t, onp.zeros_like(z), lambda g_x, g_l: (stacked([sum_to(g_x, t.shape)]), g_x)

    @in_columns_vjp
    def inverse_vjp(self, theta, x):
        (t,) = theta
        return x - t, onp.zeros_like(x), lambda g_z, g_l: (stacked([sum_to(-g_z, t.shape)]), g_z)


@dataclass(frozen=True, eq=False)
class Affine(Transformer):
    """x = exp(s) z + t with |s| <= max_log_scale."""

    max_log_scale: float = 3.0

    n_params = 2

    def __post_init__(self):
        validate.divisor("max_log_scale", self.max_log_scale)

    def _log_scale(self, a):
        return bounded(a, self.max_log_scale)

    def _log_scale_vjp(self, a):
        return bounded_vjp(a, self.max_log_scale)

    @in_columns
    def forward(self, theta, z):
        a, t = theta
        s = self._log_scale(a)
        return affine(s, t, z), _like(s, z)

    @in_columns
    def inverse(self, theta, x):
        a, t = theta
        s = self._log_scale(a)
        return affine_inverse(s, t, x), -_like(s, x)

    @in_columns_vjp
    def forward_vjp(self, theta, z):
        a, t = theta
        s, back_s = self._log_scale_vjp(a)
        x, back_x = affine_vjp(s, t, z)

        def pullback(g_x, g_l):
            g_s, g_t, g_z = back_x(g_x, g_l)
            return stacked([back_s(g_s), g_t]), g_z

        return x, _like(s, x), pullback

    @in_columns_vjp
    def inverse_vjp(self, theta, x):
        a, t = theta
        s, back_s = self._log_scale_vjp(a)
        z, back_z = affine_inverse_vjp(s, t, x)

        def pullback(g_z, g_l):
            g_s, g_t, g_x = back_z(g_z, g_l)
            return stacked([back_s(g_s), g_t]), g_x

        return z, -_like(s, z), pullback


def _like(s, x):
    """s at x's shape: (D, 1) is repeated along the batch."""
    return s if s.shape == x.shape else np.broadcast_to(s, x.shape)


@dataclass(frozen=True, eq=False)
class VolumePreserving(Affine):
    """x = exp(s) z + t with log-scales that sum to zero over the changed variables, so that det J = 1.

    With one changed variable s = 0 and the map is a Shift. |s| <= 2 max_log_scale.
    """

    least_width = 2

    def _log_scale(self, a):
        s = bounded(a, self.max_log_scale)
        return s - np.mean(s, axis=0)

    def _log_scale_vjp(self, a):
        s, back = bounded_vjp(a, self.max_log_scale)
        return s - s.mean(axis=0), lambda g_s: back(g_s - g_s.mean(axis=0))

    def tangents(self, theta, z, dtheta):
        a, t = columns(theta, 2)
        s, x = self._log_scale(a), self.forward(theta, z)[0]
        slope = 1.0 - np.square(np.tanh(a.T / self.max_log_scale))
        ds = slope[..., None] * dtheta[:, :, 0]
        ds = ds - ds.mean(axis=1, keepdims=True)
        return np.exp(s).T + np.zeros_like(z), (x - t.T)[..., None] * ds + dtheta[:, :, 1]
