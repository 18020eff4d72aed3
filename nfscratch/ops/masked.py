"""A masked dense network on batch-last arrays, with its derivative: the products skip the zero blocks.

Units are sorted by degree, so that a unit sees the first few units of the layer before it and no others:

    mask_kj = 1 where j < reach_k,    reach_1 <= reach_2 <= ...       a staircase                    (1)
    a = (W * mask) h + b                                              the plain twin                 (2)

Cut into block rows, the staircase is full blocks, one ragged block per row, and zeros. With the rows k0 ... k1 - 1:

    a[k0:k1]     = (W * mask)[k0:k1, :c] h[:c],            c = reach of row k1 - 1                   (3)
    g_W[k0:k1]   = g[k0:k1] h[:c]^T, zero from c on;       masked from the reach of row k0 on        (4)
    g_h[c0:c1]   = (W * mask)[r:, c0:c1]^T g[r:],          r = first row that reaches past c0        (5)

Four block rows leave 10 of 16 blocks to compute. The gradient of a masked weight is exactly 0.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as onp

from nfscratch.backend import Constant
from nfscratch.ops.activations import ACTIVATIONS, activated
from nfscratch.ops.dense import dense, dense_jacobian

BLOCK_ROWS = 4
LEAST_BLOCK = 60  # rows or columns: thinner blocks lose more in BLAS than they skip


class Staircase:
    """A mask (m, n) by its `reach` (m,), and the blocks that it leaves."""

    def __init__(self, reach, n_columns: int):
        self.reach = onp.asarray(reach, dtype=int)
        if (onp.diff(self.reach) < 0).any():
            raise ValueError(f"reach must not decrease, because units are sorted by degree; got {self.reach.tolist()}")
        self.mask = Constant(onp.arange(n_columns) < self.reach[:, None])
        self.row_blocks = [
            (slice(k0, k1), int(self.reach[k0]), int(self.reach[k1 - 1])) for k0, k1 in _cuts(len(self.reach))
        ]
        self.column_blocks = [
            (slice(c0, c1), int(onp.searchsorted(self.reach, c0, side="right"))) for c0, c1 in _cuts(n_columns)
        ]


def _cuts(n):
    """0 ... n in up to BLOCK_ROWS nearly equal pieces: pairs of start and end."""
    pieces = min(BLOCK_ROWS, max(1, n // LEAST_BLOCK))
    edges = [n * k // pieces for k in range(pieces + 1)]
    return [(start, end) for start, end in pairwise(edges) if end > start]


def masked_layers(layers, stairs):
    """The layers of the dense network that this is: W * mask."""
    return [{"W": p["W"] * stair.mask.on(p["W"]), "b": p["b"]} for p, stair in zip(layers, stairs, strict=True)]


def masked_dense(layers, stairs, x, activation="relu"):
    """The plain twin, equation (2). layers as in `dense`, a Staircase for each; x (n_in, N) -> (n_out, N)."""
    return dense(masked_layers(layers, stairs), x, activation)


def masked_jacobian(layers, stairs, x, activation="relu"):
    """d out / d x for every column of x: (N, n_out, n_in)."""
    return dense_jacobian(masked_layers(layers, stairs), x, activation)


def masked_dense_vjp(layers, stairs, x, activation="relu"):
    """(n_out, N), and pullback(g) -> (gradients of the layers, g_x)."""
    act, zeros = ACTIVATIONS[activation], onp.zeros_like(x, shape=(1, x.shape[1]))
    units, kept, weights = [x], [None], []
    for k, (layer, stair) in enumerate(zip(layers, stairs, strict=True)):
        W, h = layer["W"] * stair.mask.on(layer["W"]), units[-1]
        a = onp.empty_like(h, shape=(len(W), h.shape[1]), order="C")
        for rows, _, reach in stair.row_blocks:  # (3)
            onp.matmul(W[rows, :reach], h[:reach], out=a[rows])
        a += layer["b"][:, None]
        weights.append(W)
        if k == len(layers) - 1:
            return a, lambda g: _pullback(weights, stairs, units, kept, act.slope, g)
        h, a = activated(a, act, zeros)
        units.append(h)
        kept.append(a)


def _pullback(weights, stairs, units, kept, slope, g):
    grads = []
    for k in reversed(range(len(weights))):
        grads.append(layer_gradient(stairs[k], g, units[k]))
        g_h = onp.empty_like(g, shape=(weights[k].shape[1], g.shape[1]), order="C")
        for columns, first in stairs[k].column_blocks:  # (5)
            onp.matmul(weights[k][first:, columns].T, g[first:], out=g_h[columns])
        g = g_h
        if k:
            g *= slope(kept[k])
    return grads[::-1], g


def layer_gradient(stair, g, h):
    """Equation (4), and the bias: {"W", "b"} for the gradient g of the layer's pre-activations and its input h."""
    g_W = onp.empty_like(g, shape=(len(g), len(h)), order="C")
    mask = stair.mask.on(g)
    for rows, full, reach in stair.row_blocks:
        onp.matmul(g[rows], h[:reach].T, out=g_W[rows, :reach])
        g_W[rows, full:reach] *= mask[rows, full:reach]
        g_W[rows, reach:] = 0.0
    return {"W": g_W, "b": g @ onp.ones_like(g, shape=g.shape[1:])}
