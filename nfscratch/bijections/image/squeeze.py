"""Squeeze: space to depth. Each f x f block of pixels becomes f^2 channels of one pixel.

    z[f^2 c + f i + j, h, w] = x[c, f h + i, f w + j]          0 <= i, j < f

    x, one channel of 4 x 4         z, four channels of 2 x 2
     1  2  3  4                      1  3     2  4     5  7     6  8
     5  6  7  8                      9 11    10 12    13 15    14 16
     9 10 11 12
    13 14 15 16

Numbers are moved and none is changed: the Jacobian is a permutation, log_det = 0. x is on the data's side, as always,
so `inverse` squeezes and `forward` puts the pixels back. After it a 3 x 3 kernel sees f times as far. The first half of
the channels is the upper rows of each block: other pixels than a checkerboard keeps.
Dinh et al. 2017, arXiv:1605.08803, section 3.6; the order of channels is that of Glow and of torch's PixelUnshuffle.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod

import autograd.numpy as np
import numpy as onp

from nfscratch import validate
from nfscratch.backend import Constant
from nfscratch.bijections.contract import Bijection, same_jacobian, zeros_per_row
from nfscratch.ops.events import batch_first, batch_last, check_event


@dataclass(frozen=True, eq=False)
class Squeeze(Bijection):
    """No parameters. shape: (C, H, W) of the data's side; z has (f^2 C, H / f, W / f), with f = `factor`.

    ValueError where H or W is not divisible by the factor.
    """

    shape: tuple[int, ...]
    factor: int = 2

    jacobian_structure = "permutation"
    out_shape = property(lambda self: self.shape)

    def __post_init__(self):
        shape = validate.event_shape("Squeeze", self.shape, axes=(3,))
        object.__setattr__(self, "shape", shape)
        f = validate.size("factor", self.factor)
        if shape[1] % f or shape[2] % f:
            raise ValueError(f"Squeeze needs a height and a width that {f} divides; got {shape[1]} x {shape[2]}")

    @property
    def in_shape(self):
        (C, H, W), f = self.shape, self.factor
        return (C * f * f, H // f, W // f)

    def image(self, interval):
        return interval

    preimage = image

    def forward(self, params, z, context=None, rng=None):
        check_event("Squeeze", z, self.in_shape)
        return self._spread(z), zeros_per_row(z)

    def inverse(self, params, x, context=None, rng=None):
        check_event("Squeeze", x, self.out_shape)
        return self._squeezed(x), zeros_per_row(x)

    def forward_vjp(self, params, z, context=None, rng=None):
        return *self.forward(params, z), lambda g_x, g_log_det: ({}, self._squeezed(g_x), None)

    def inverse_vjp(self, params, x, context=None, rng=None):
        return *self.inverse(params, x), lambda g_z, g_log_det: ({}, self._spread(g_z), None)

    def jacobian(self, params, z, context=None):
        return same_jacobian(self._permutation.on(z), z)

    @cached_property
    def _permutation(self):
        D = prod(self.shape)
        order = self._spread(onp.arange(D).reshape((1, *self.in_shape))).ravel()
        return Constant(onp.eye(D)[order])

    def _spread(self, z):
        """(N, f^2 C, H / f, W / f) -> (N, C, H, W)."""
        (C, H, W), f = self.shape, self.factor
        blocks = np.reshape(batch_last(z), (C, f, f, H // f, W // f, len(z)))
        return batch_first(np.reshape(np.transpose(blocks, (0, 3, 1, 4, 2, 5)), (C, H, W, len(z))))

    def _squeezed(self, x):
        """(N, C, H, W) -> (N, f^2 C, H / f, W / f)."""
        (C, H, W), f = self.shape, self.factor
        blocks = np.reshape(batch_last(x), (C, H // f, f, W // f, f, len(x)))
        return batch_first(np.reshape(np.transpose(blocks, (0, 2, 4, 1, 3, 5)), (*self.in_shape, len(x))))
