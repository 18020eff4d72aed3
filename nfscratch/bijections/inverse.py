"""Inverse: the same map, read in the other direction. IAF is Inverse(MAF).

    forward of Inverse(g) = inverse of g,      inverse of Inverse(g) = forward of g

`Inverse(h)` of a transformer h is a transformer, `Inverse(g)` of a bijection g a bijection.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import autograd.numpy as np

from nfscratch.bijections.contract import Bijection
from nfscratch.bijections.traits import Derived, swapped, traits_of
from nfscratch.excerpt import excerpt
from nfscratch.transformers.inverted import InverseTransformer
from nfscratch.transformers.transformer import Transformer


def Inverse(part: Bijection | Transformer) -> Bijection | Transformer:
    """The same map in the other direction, of a bijection or of a transformer.

    Raises TypeError for anything else, and ValueError for a layer whose statistics are of x, as BatchNorm's are.
    """
    if isinstance(part, Transformer):
        return InverseTransformer(part)
    if isinstance(part, Bijection):
        return InverseBijection(part)
    raise TypeError(
        f"Inverse needs a bijection or a transformer, such as nf.Planar(2) or nf.Affine(); got {excerpt(part)}"
    )


def kind(part: Any) -> str:
    """The class of a part; an Inverse also tells what it holds."""
    return f"Inverse of {kind(part.bijection)}" if isinstance(part, InverseBijection) else type(part).__name__


@dataclass(frozen=True, eq=False)
class InverseBijection(Derived):
    """`Inverse(bijection)`. params: those of the bijection."""

    bijection: Bijection

    saved_as = "Inverse"  # its name in files

    def __post_init__(self):
        if self.bijection.data_side_only:
            raise ValueError(
                "Inverse must not hold a layer whose running statistics are of x, as BatchNorm's are: they would be "
                "of its own output, and change with every update; "
                f"got {type(self.bijection).__name__}. Use ActNorm instead"
            )

    def derive(self):
        return swapped(traits_of(self.bijection))

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

    def forward_value(self, params, z, context=None, rng=None):
        return self.bijection.inverse_value(params, z, context, rng)

    def inverse_value(self, params, x, context=None, rng=None):
        return self.bijection.forward_value(params, x, context, rng)

    def jacobian(self, params, z, context=None):
        """(dg/dz)^-1 of the inner map, at the point that it maps to z."""
        inner, _ = self.bijection.inverse(params, z, context)
        return np.linalg.inv(self.bijection.jacobian(params, inner, context))

    def update(self, params, x, context=None):
        inner = self.bijection.forward_value(params, x, context)[0] if self.update_sees_data else x
        return self.bijection.update(params, inner, context)
