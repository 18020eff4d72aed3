"""Elementwise(h): the same transformer on every variable, each with parameters of its own.

x_i = h(z_i; theta_i)            theta (D, P) is trained directly
J = diag(dh/dz_i),               log_det = sum_i log|dh/dz_i|

An event of another shape is a vector inside: (C, H, W) has D = C H W variables, and theta (C, H, W, P).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import autograd.numpy as np
import numpy as onp

from nfscratch import backend, validate
from nfscratch.bijections.traits import Derived, moved_by
from nfscratch.ops.events import check_event, flat, unflat
from nfscratch.ops.identity import identity
from nfscratch.transformers.transformer import Transformer


@dataclass(frozen=True, eq=False)
class Elementwise(Derived):
    """params: {"theta": (D, P), or (N, D, P) for parameters per sample}; for (C, H, W) those axes in place of D.

    dim: D, or the shape of the event.
    """

    transformer: Transformer
    dim: int | tuple[int, ...]

    def __post_init__(self):
        validate.part("transformer", self.transformer, Transformer, "nf.Affine()")
        validate.event_shape("Elementwise", self.dim)

    def derive(self):
        shape = validate.event_shape("Elementwise", self.dim)
        return moved_by(self.transformer, in_shape=shape, context_dim=0, jacobian_structure="diagonal")

    def image(self, interval):
        return self.transformer.image(interval)

    def preimage(self, interval):
        return self.transformer.preimage(interval)

    def init(self, rng, x=None, context=None):
        return {"theta": backend.asarray(onp.zeros((*self.in_shape, self.transformer.n_params)))}

    def forward(self, params, z, context=None, rng=None):
        return self._apply(self.transformer.forward, params, z)

    def inverse(self, params, x, context=None, rng=None):
        return self._apply(self.transformer.inverse, params, x)

    def forward_value(self, params, z, context=None, rng=None):
        return self._apply(self.transformer.forward_value, params, z)

    def inverse_value(self, params, x, context=None, rng=None):
        return self._apply(self.transformer.inverse_value, params, x)

    def forward_vjp(self, params, z, context=None, rng=None):
        return self._apply_vjp(self.transformer.forward_vjp, params, z)

    def inverse_vjp(self, params, x, context=None, rng=None):
        return self._apply_vjp(self.transformer.inverse_vjp, params, x)

    def jacobian(self, params, z, context=None):
        theta, z = self._as_vectors(params, z)
        no_direction = np.zeros_like(z, shape=(1, 1, self.transformer.n_params, 1))
        dx_dz, _ = self.transformer.tangents(theta, z, no_direction)
        return dx_dz[:, :, None] * identity(z.shape[1], z)

    def _apply(self, transform, params, z):
        x, log_d = transform(*self._as_vectors(params, z))
        return unflat(x.T, self.in_shape), log_d.sum(axis=1)

    def _apply_vjp(self, transform_vjp, params, z):
        x, log_d, back = transform_vjp(*self._as_vectors(params, z))

        def pullback(g_x, g_log_det):
            g_theta, g_z = back(flat(g_x).T, g_log_det[:, None])
            return {"theta": g_theta.reshape(params["theta"].shape)}, unflat(g_z.T, self.in_shape), None

        return unflat(x.T, self.in_shape), log_d.sum(axis=1), pullback

    def _as_vectors(self, params, z):
        """theta (D, P) or (N, D, P), and z (N, D)."""
        check_event("Elementwise", z, self.in_shape)
        theta, axes = params["theta"], len(self.in_shape)
        if axes == 1:
            return theta, z
        rows = theta.shape[: theta.ndim - axes - 1]  # (N,) where each row has its own
        return np.reshape(theta, (*rows, prod(self.in_shape), self.transformer.n_params)), flat(z).T
