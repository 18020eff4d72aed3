"""Inverse: the same map, read in the other direction. IAF is Inverse(MAF)."""

from __future__ import annotations

from dataclasses import dataclass

import autograd.numpy as np

from nfscratch.bijections.contract import Bijection
from nfscratch.transformers.transformer import InverseTransformer, Transformer


@dataclass(frozen=True, eq=False)
class Inverse(Bijection):
    """The same map, read in the other direction: forward is `bijection.inverse`. IAF is Inverse(MAF).

    Inverse(h) of a transformer h is a transformer.
    """

    bijection: Bijection

    def __new__(cls, bijection=None):
        return InverseTransformer(bijection) if isinstance(bijection, Transformer) else super().__new__(cls)

    def __post_init__(self):
        if self.bijection.data_side_only:
            raise ValueError(
                "Inverse must not hold a layer whose running statistics are of x, as BatchNorm's are: they would be "
                f"of its own output, and chase themselves; got {type(self.bijection).__name__}. ActNorm is for that"
            )

    in_shape = property(lambda self: self.bijection.out_shape)
    out_shape = property(lambda self: self.bijection.in_shape)
    context_dim = property(lambda self: self.bijection.context_dim)
    jacobian_structure = property(lambda self: self.bijection.jacobian_structure)
    forward_cost = property(lambda self: self.bijection.inverse_cost)
    inverse_cost = property(lambda self: self.bijection.forward_cost)
    updates = property(lambda self: self.bijection.updates)
    domain = property(lambda self: self.bijection.codomain)
    codomain = property(lambda self: self.bijection.domain)

    def image(self, interval):
        return self.bijection.preimage(interval)

    def preimage(self, interval):
        return self.bijection.image(interval)

    def init(self, rng, x=None, context=None):
        # The inner layer initialises itself from what lies on *its* x side, which here is the noise side:
        # nothing is known about it yet, so a data-dependent inner layer starts as it does without data.
        return self.bijection.init(rng, None, context)

    def forward(self, params, z, context=None, rng=None):
        return self.bijection.inverse(params, z, context, rng)

    def inverse(self, params, x, context=None, rng=None):
        return self.bijection.forward(params, x, context, rng)

    def forward_vjp(self, params, z, context=None, rng=None):
        return self.bijection.inverse_vjp(params, z, context, rng)

    def inverse_vjp(self, params, x, context=None, rng=None):
        return self.bijection.forward_vjp(params, x, context, rng)

    def jacobian(self, params, z, context=None):
        """(dg/dz)^-1 of the inner map, at the point that it maps to z."""
        inner, _ = self.bijection.inverse(params, z, context)
        return np.linalg.inv(self.bijection.jacobian(params, inner, context))

    def update(self, params, x, context=None):
        inner, _ = self.bijection.forward(params, x, context)
        return self.bijection.update(params, inner, context)
