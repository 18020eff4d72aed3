"""Elementwise(h): the same transformer on every variable, each with parameters of its own.

x_i = h(z_i; theta_i)            theta (D, P) is trained directly
J = diag(dh/dz_i),               log_det = sum_i log|dh/dz_i|
"""

from __future__ import annotations

from dataclasses import dataclass

import autograd.numpy as np
import numpy as onp

from nfscratch import backend, validate
from nfscratch.bijections.traits import Derived, moved_by
from nfscratch.ops.identity import identity
from nfscratch.transformers.transformer import Transformer


@dataclass(frozen=True, eq=False)
class Elementwise(Derived):
    """params: {"theta": (D, P), or (N, D, P) for parameters per sample}."""

    transformer: Transformer
    dim: int

    def __post_init__(self):
        validate.part("transformer", self.transformer, Transformer, "nf.Affine()")
        validate.count("dim", self.dim, least=1)

    def derive(self):
        return moved_by(self.transformer, in_shape=(self.dim,), context_dim=0, jacobian_structure="diagonal")

    def image(self, interval):
        return self.transformer.image(interval)

    def preimage(self, interval):
        return self.transformer.preimage(interval)

    def init(self, rng, x=None, context=None):
        return {"theta": backend.asarray(onp.zeros((self.dim, self.transformer.n_params)))}

    def forward(self, params, z, context=None, rng=None):
        x, log_d = self.transformer.forward(params["theta"], z)
        return x, np.sum(log_d, axis=1)

    def inverse(self, params, x, context=None, rng=None):
        z, log_d = self.transformer.inverse(params["theta"], x)
        return z, np.sum(log_d, axis=1)

    def forward_value(self, params, z, context=None, rng=None):
        x, log_d = self.transformer.forward_value(params["theta"], z)
        return x, log_d.sum(axis=1)

    def inverse_value(self, params, x, context=None, rng=None):
        z, log_d = self.transformer.inverse_value(params["theta"], x)
        return z, log_d.sum(axis=1)

    def forward_vjp(self, params, z, context=None, rng=None):
        return _vjp(self.transformer.forward_vjp, params, z)

    def inverse_vjp(self, params, x, context=None, rng=None):
        return _vjp(self.transformer.inverse_vjp, params, x)

    def jacobian(self, params, z, context=None):
        no_direction = np.zeros_like(z, shape=(1, 1, self.transformer.n_params, 1))
        dx_dz, _ = self.transformer.tangents(params["theta"], z, no_direction)
        return dx_dz[:, :, None] * identity(self.dim, z)


def _vjp(transformer_vjp, params, z):
    x, log_d, back = transformer_vjp(params["theta"], z)

    def pullback(g_x, g_log_det):
        g_theta, g_z = back(g_x, g_log_det[:, None])
        return {"theta": g_theta}, g_z, None

    return x, log_d.sum(axis=1), pullback
