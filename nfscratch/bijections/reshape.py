"""Reshape: the same numbers in another event shape."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import autograd.numpy as np

from nfscratch import validate
from nfscratch.bijections.contract import Bijection, same_jacobian, zeros_per_row
from nfscratch.ops.identity import identity


@dataclass(frozen=True, eq=False)
class Reshape(Bijection):
    """The same numbers in another event shape: (D,) to (C, H, W), say. It moves nothing, so log_det = 0."""

    from_shape: tuple[int, ...]
    to_shape: tuple[int, ...]

    jacobian_structure = "identity"
    in_shape = property(lambda self: tuple(self.from_shape))
    out_shape = property(lambda self: tuple(self.to_shape))

    def __post_init__(self):
        shapes = (
            validate.event_shape(f"{name} of Reshape", getattr(self, name)) for name in ("from_shape", "to_shape")
        )
        if len({prod(shape) for shape in shapes}) > 1:
            got = f"from_shape {self.from_shape} and to_shape {self.to_shape}"
            raise ValueError(f"Reshape must keep the count of numbers; got {got}")

    def image(self, interval):
        return interval

    preimage = image

    def forward(self, params, z, context=None, rng=None):
        return np.reshape(z, (len(z), *self.out_shape)), zeros_per_row(z)

    def inverse(self, params, x, context=None, rng=None):
        return np.reshape(x, (len(x), *self.in_shape)), zeros_per_row(x)

    def jacobian(self, params, z, context=None):
        return same_jacobian(identity(prod(self.in_shape), z), z)
