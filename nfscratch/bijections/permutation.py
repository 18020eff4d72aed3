"""Permutations of the variables: they cost nothing and mix what the next layer keeps and changes.

    x_i = z_{p(i)},     J = the permutation matrix P,     |det P| = 1,     log_det = 0

The inverse is the *inverse* permutation, z_{p(i)} = x_i. A reversal and a swap are their own inverses, so a test with
one of those does not see a permutation that is never undone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as onp
from autograd.extend import defjvp, defvjp, primitive

from nfscratch.backend import Constant
from nfscratch.bijections.contract import Bijection, same_jacobian, zeros_per_row
from nfscratch.ops.identity import identity


@primitive
def take_columns(x, order, inverse_order):
    """x[:, order]. Its gradient is g[:, inverse_order]: a gather, where plain indexing would scatter with atomics."""
    return x.T[order].T


defvjp(take_columns, lambda ans, x, order, inverse_order: lambda g: take_columns(g, inverse_order, order), argnums=(0,))
defjvp(take_columns, lambda g, ans, x, order, inverse_order: take_columns(g, order, inverse_order), argnums=(0,))


@dataclass(frozen=True, eq=False)
class Permutation(Bijection):
    """x = z[:, order]; `Permutation.random(dim, seed=...)` draws an order."""

    order: Sequence[int]

    jacobian_structure = "permutation"
    in_shape = property(lambda self: (len(self.order),))

    def __post_init__(self):
        order = onp.asarray(self.order)
        if order.ndim != 1 or not onp.array_equal(onp.sort(order), onp.arange(len(order))):
            raise ValueError(f"order must hold each of 0 ... D - 1 once; got {self.order}")
        object.__setattr__(self, "order", tuple(int(i) for i in order))

    @classmethod
    def random(cls, dim: int, *, seed: int) -> Permutation:
        """A random order of `dim` variables, the same for the same seed."""
        return cls(onp.random.default_rng(seed).permutation(dim))

    @cached_property
    def _constants(self):
        return Constant(self.order, int), Constant(onp.argsort(self.order), int)

    def image(self, interval):
        return interval

    preimage = image

    def forward(self, params, z, context=None, rng=None):
        order, inverse_order = (constant.on(z) for constant in self._constants)
        return take_columns(z, order, inverse_order), zeros_per_row(z)

    def inverse(self, params, x, context=None, rng=None):
        order, inverse_order = (constant.on(x) for constant in self._constants)
        return take_columns(x, inverse_order, order), zeros_per_row(x)

    def forward_vjp(self, params, z, context=None, rng=None):
        return *self.forward(params, z), lambda g_x, g_log_det: ({}, self.inverse(params, g_x)[0], None)

    def inverse_vjp(self, params, x, context=None, rng=None):
        return *self.inverse(params, x), lambda g_z, g_log_det: ({}, self.forward(params, g_z)[0], None)

    def jacobian(self, params, z, context=None):
        eye = identity(len(self.order), z)
        return same_jacobian(eye[self._constants[0].on(z)], z)


def Reverse(dim: int) -> Permutation:
    """The permutation D-1, ..., 1, 0."""
    return Permutation(range(dim)[::-1])
