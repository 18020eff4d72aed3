"""A MADE in whole numbers: the same outputs to the last bit, in whatever order its products are added up.

A coder's two sides must agree on every probability. Floats do not: the encoder puts all pixels through the network at
once, the decoder one after the other, and sums of different order differ in the last bits. One different count is
enough to turn the rest of a message into noise. So round once, and compute exactly:

    W = round(2^16 W) / 2^16,    units h and inputs x to multiples of 2^-12                              (1)
    a = W h + b                  a multiple of 2^-28, below 2^25: exact in float64, in any order         (2)
    h = table[round(2^12 a)]     the activation, computed once for all multiples of 2^-12 in [-16, 16]   (3)

Beyond the table the activation goes on as a straight line: flat on the left, as all of them are there, and with the
table's last slope on the right. Values are kept as whole numbers in float64, which has room for 2^53.

Balle, Johnston and Minnen 2019, "Integer networks for data compression with latent-variable models", ICLR.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zlib import crc32

import numpy as onp

from nfscratch import backend
from nfscratch.nets import MADE
from nfscratch.ops.activations import ACTIVATIONS, Activation
from nfscratch.ops.masked import masked_layers
from nfscratch.ops.one_pass import generate

UNIT, WEIGHT = 2.0**12, 2.0**16  # 1 in a unit, and in a weight
OUTPUT = UNIT * WEIGHT  # 1 in a product
EDGE = 16  # of the table
LARGEST_UNIT = 2.0**8
ROOM = 2.0**53


class WholeNetwork:
    """The MADE's layers as whole numbers, for `dim` variables in the order in which the network sees them."""

    def __init__(self, made: MADE, params: Any, dim: int):
        self.dim = dim
        layers = [{key: backend.to_numpy(a).astype(float) for key, a in layer.items()} for layer in params]
        n_params = len(layers[-1]["b"]) // dim
        self.schedule = made.schedule(dim, n_params)
        self.layers = [_rounded(layer) for layer in masked_layers(layers, made.stairs(dim, n_params))]
        self.table, self.slope = _table_of(ACTIVATIONS[made.activation])
        self._activation = Activation(self._activated, self._write, onp.zeros_like, onp.zeros_like)

    def outputs(self, x: onp.ndarray) -> onp.ndarray:
        """theta (D, P, N) in units of 2^-28, of whole x (D, N) in units of 2^-12: one pass."""
        h = x
        for layer in self.layers[:-1]:
            h = self._activated(layer["W"] @ h + layer["b"][:, None])
        theta = self.layers[-1]["W"] @ h + self.layers[-1]["b"][:, None]
        return theta.reshape(self.dim, -1, x.shape[1])

    def one_by_one(self, value: Callable[[int, onp.ndarray], onp.ndarray], n: int) -> onp.ndarray:
        """x (D, n) with x_i = value(i, theta_i (P, n)) in turn, at the price of one pass."""
        return generate(self.layers, self.schedule, None, value, onp.empty((self.dim, n)), self._activation)[0][0]

    def fingerprint(self) -> int:
        """32 bits that depend on every number in here."""
        check = crc32(onp.append(self.table, [self.slope, self.dim]).tobytes())
        for layer in self.layers:
            check = crc32(layer["b"].tobytes(), crc32(onp.ascontiguousarray(layer["W"]).tobytes(), check))
        return check

    def _activated(self, a):
        """(3): a in units of 2^-28 -> h in units of 2^-12."""
        steps = onp.rint(a / WEIGHT)
        near = onp.clip(steps, -EDGE * UNIT, EDGE * UNIT)
        h = self.table[(near + EDGE * UNIT).astype(onp.int64)]
        h += onp.rint(onp.maximum(steps - near, 0.0) * (self.slope / UNIT))
        return onp.minimum(h, LARGEST_UNIT * UNIT, out=h)

    def _write(self, a, zeros, out):
        out[:] = self._activated(a)


def _rounded(layer):
    """(1), and whether (2) has room."""
    whole = {"W": onp.rint(layer["W"] * WEIGHT), "b": onp.rint(layer["b"] * OUTPUT)}
    largest = (abs(whole["W"]).sum(axis=1) * (LARGEST_UNIT * UNIT) + abs(whole["b"])).max(initial=0.0)
    if not largest < ROOM:
        most = abs(layer["W"]).sum(axis=1).max(initial=0.0)
        raise ValueError(f"weights into a unit must add up to less than 2^17 in size, to be exact; got {most:.3g}")
    return {key: a + 0.0 for key, a in whole.items()}  # no -0.0: equal numbers have equal bytes


def _table_of(activation):
    """The activation at all multiples of 2^-12 in [-EDGE, EDGE], and its slope at the right end, in units of 2^-12."""
    at = onp.arange(-EDGE * UNIT, EDGE * UNIT + 1) / UNIT
    table = onp.rint(activation.plain(at) * UNIT) + 0.0
    return table, float(onp.rint(table[-1] - table[-1 - int(UNIT)]))
