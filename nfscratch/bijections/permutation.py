"""Permutations of the variables: they cost nothing and mix what the next layer keeps and changes.

    x_i = z_{p(i)},     J = the permutation matrix P,     |det P| = 1,     log_det = 0

An event (C, H, W) is permuted along its first axis, channel by channel: x[c, h, w] = z[p(c), h, w].

The inverse is the *inverse* permutation, z_{p(i)} = x_i. A reversal and a swap are their own inverses, so a test with
one of those does not see a permutation that is never undone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import prod

import numpy as onp
from autograd.extend import defjvp, defvjp, primitive

from nfscratch import validate
from nfscratch.backend import Constant
from nfscratch.bijections.contract import Bijection, same_jacobian, zeros_per_row
from nfscratch.excerpt import excerpt
from nfscratch.nets.network import ADDED_LATER
from nfscratch.ops.events import batch_first, batch_last, check_event
from nfscratch.ops.identity import identity


@primitive
def take_columns(x, order, inverse_order):
    """x[:, order]. Its gradient is g[:, inverse_order]: a gather, where plain indexing would scatter with atomics."""
    return batch_first(batch_last(x)[order])


defvjp(take_columns, lambda ans, x, order, inverse_order: lambda g: take_columns(g, inverse_order, order), argnums=(0,))
defjvp(take_columns, lambda g, ans, x, order, inverse_order: take_columns(g, order, inverse_order), argnums=(0,))


@dataclass(frozen=True, eq=False)
class Permutation(Bijection):
    """x = z[:, order]; `Permutation.random(dim, seed=...)` draws an order.

    shape: of the event; its first axis is the one that is permuted. None: (D,), D = len(order).
    """

    order: Sequence[int]
    shape: tuple[int, ...] | None = field(default=None, metadata=ADDED_LATER)

    jacobian_structure = "permutation"
    in_shape = cached_property(lambda self: (len(self.order),) if self.shape is None else self.shape)

    def __post_init__(self):
        order = onp.asarray(self.order)
        if (
            order.ndim != 1
            or order.dtype.kind not in "iuf"
            or not onp.array_equal(onp.sort(order), onp.arange(len(order)))
        ):
            raise ValueError(f"order must hold each of 0 ... D - 1 once; got {excerpt(self.order)}")
        object.__setattr__(self, "order", tuple(int(i) for i in order))
        if self.shape is not None:
            self._check_shape()

    def _check_shape(self):
        shape = validate.event_shape("Permutation", self.shape)
        if shape[0] != len(self.order):
            raise ValueError(f"shape must begin with {len(self.order)}, the length of order; got {self.shape}")
        object.__setattr__(self, "shape", shape if len(shape) > 1 else None)

    @classmethod
    def random(cls, dim: int | tuple[int, ...], *, seed: int) -> Permutation:
        """A random order of `dim` variables, or of the channels of dim = (C, H, W), the same for the same seed."""
        shape = validate.event_shape("Permutation.random", dim)
        return cls(onp.random.default_rng(validate.seed(seed)).permutation(shape[0]), shape)

    @cached_property
    def _constants(self):
        return Constant(self.order, int), Constant(onp.argsort(self.order), int)

    @cached_property
    def _flat_order(self):
        """The order of the flattened event."""
        places = onp.arange(prod(self.in_shape)).reshape(self.in_shape)
        return Constant(places[list(self.order)].ravel(), int)

    def image(self, interval):
        return interval

    preimage = image

    def forward(self, params, z, context=None, rng=None):
        order, inverse_order = self._constants_at(z)
        return take_columns(z, order, inverse_order), zeros_per_row(z)

    def inverse(self, params, x, context=None, rng=None):
        order, inverse_order = self._constants_at(x)
        return take_columns(x, inverse_order, order), zeros_per_row(x)

    def _constants_at(self, z):
        check_event("Permutation", z, self.in_shape)
        order, inverse_order = self._constants
        return order.on(z), inverse_order.on(z)

    def forward_vjp(self, params, z, context=None, rng=None):
        return *self.forward(params, z), lambda g_x, g_log_det: ({}, self.inverse(params, g_x)[0], None)

    def inverse_vjp(self, params, x, context=None, rng=None):
        return *self.inverse(params, x), lambda g_z, g_log_det: ({}, self.forward(params, g_z)[0], None)

    def jacobian(self, params, z, context=None):
        eye = identity(prod(self.in_shape), z)
        return same_jacobian(eye[self._flat_order.on(z)], z)


def Reverse(dim: int | tuple[int, ...]) -> Permutation:
    """The permutation D-1, ..., 1, 0 of `dim` variables, or of the channels of dim = (C, H, W)."""
    shape = validate.event_shape("Reverse", dim)
    return Permutation(range(shape[0])[::-1], shape)
