"""A masked dense network on batch-last arrays, with its derivative: the products skip the zero blocks.

Units are sorted by degree, so that a unit sees the first few units of the layer before it and no others:

    mask_kj = 1 where j < reach_k,    reach_1 <= reach_2 <= ...       a staircase                    (1)
    a = (W * mask) h + b                                              the plain twin                 (2)

Cut into block rows, the staircase is full blocks, one ragged block per row, and zeros. With the rows k0 ... k1 - 1:

    a[k0:k1]     = (W * mask)[k0:k1, :c] h[:c],            c = reach of row k1 - 1                   (3)
    g_W[k0:k1]   = g[k0:k1] h[:c]^T, zero from c on; then masked                                     (4)
    g_h[c0:c1]   = (W * mask)[r:, c0:c1]^T g[r:],          r = first row that reaches past c0        (5)

Four block rows leave 10 of 16 blocks to compute. The gradient of a masked weight is exactly 0. Thin blocks cost BLAS
more than they skip, unless each is long: the fewer columns a batch has, the fewer blocks there are.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as onp

from nfscratch.backend import Constant
from nfscratch.ops.activations import ACTIVATIONS, activated
from nfscratch.ops.dense import dense, dense_jacobian

BLOCK_ROWS = 4
THIN, THICK = 16, 64  # rows of the thinnest block, for long batches, and of one that pays for any batch
LEAST_BLOCK = 4096  # numbers: rows times the length of the batch
SMALL_PRODUCT = 2**18  # multiplications: up to here OpenBLAS takes g h^T without packing, in half the time
THINNEST = 8  # rows of a block that is cut for that
KEPT_LENGTHS = 64  # of batches


class Staircase:
    """A mask (m, n) by its `reach` (m,), and the blocks that it leaves."""

    def __init__(self, reach, n_columns: int):
        self.reach = onp.asarray(reach, dtype=int)
        if (onp.diff(self.reach) < 0).any():
            raise ValueError(f"reach must not decrease, because units are sorted by degree; got {self.reach.tolist()}")
        self.shape = (len(self.reach), n_columns)
        self.mask = Constant(onp.arange(n_columns) < self.reach[:, None])
        self.hidden = Constant(~self.mask.host, bool)
        self._cuts = {}

    def row_blocks(self, n: int):
        """(rows, reach of the last) of each block row, for a batch of n."""
        return self._cuts_for(n)[0]

    def gradient_blocks(self, n: int):
        """The same, for the product g h^T of a batch of n."""
        return self._cuts_for(n)[1]

    def column_blocks(self, n: int):
        """(columns, first row that reaches past them) of each block column, for a batch of n."""
        return self._cuts_for(n)[2]

    def _cuts_for(self, n):
        """All three. Every product asks, so they are kept; a program may draw a new number of rows each time."""
        if n not in self._cuts:
            if len(self._cuts) == KEPT_LENGTHS:
                self._cuts.clear()
            pieces, rows = self._pieces(n), self._rows_of_gradient(n)
            self._cuts[n] = self._cut_rows(pieces), self._cut_rows(rows), self._cut_columns(pieces)
        return self._cuts[n]

    def _pieces(self, n):
        """How many blocks: more where both sides and the batch are long."""
        least = min(THICK, max(THIN, LEAST_BLOCK // max(n, 1)))
        return min(BLOCK_ROWS, max(1, min(self.shape) // least))

    def _rows_of_gradient(self, n):
        """How many block rows the product g h^T has."""
        thin = SMALL_PRODUCT // max(1, n * self.shape[1])
        return max(1, -(-self.shape[0] // thin)) if thin >= THINNEST else self._pieces(n)

    def _cut_rows(self, pieces):
        return [(slice(k0, k1), int(self.reach[k1 - 1])) for k0, k1 in _cuts(self.shape[0], pieces)]

    def _cut_columns(self, pieces):
        cuts = _cuts(self.shape[1], pieces)
        return [(slice(c0, c1), int(onp.searchsorted(self.reach, c0, side="right"))) for c0, c1 in cuts]


def _cuts(n, pieces):
    """0 ... n in nearly equal pieces: pairs of start and end."""
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
        a = _times(W, stair, h)
        a += layer["b"][:, None]
        weights.append(W)
        if k == len(layers) - 1:
            return a, lambda g: _pullback(weights, stairs, units, kept, act.slope, g)
        h, a = activated(a, act, zeros)
        units.append(h)
        kept.append(a)


def _pullback(weights, stairs, units, kept, slope, g):
    grads, ones = [], onp.ones_like(g, shape=g.shape[1:])
    for k in reversed(range(len(weights))):
        grads.append(layer_gradient(stairs[k], g, units[k], ones))
        g = _back(weights[k], stairs[k], g)
        if k:
            g *= slope(kept[k])
    return grads[::-1], g


def _times(W, stair, h):
    """W h, equation (3), for masked W."""
    blocks = stair.row_blocks(h.shape[1])
    if len(blocks) == 1:
        return W @ h
    a = onp.empty_like(h, shape=(len(W), h.shape[1]), order="C")
    for rows, reach in blocks:
        onp.matmul(W[rows, :reach], h[:reach], out=a[rows])
    return a


def _back(W, stair, g):
    """W^T g, equation (5), for masked W."""
    blocks = stair.column_blocks(g.shape[1])
    if len(blocks) == 1:
        return W.T @ g
    g_h = onp.empty_like(g, shape=(W.shape[1], g.shape[1]), order="C")
    for columns, first in blocks:
        onp.matmul(W[first:, columns].T, g[first:], out=g_h[columns])
    return g_h


def layer_gradient(stair, g, h, ones):
    """Equation (4), and the bias: {"W", "b"} for the gradient g of the layer's pre-activations and its input h.

    ones: (N,), since a product with it sums faster than .sum(axis=1).
    """
    return {"W": _outer(stair, g, h), "b": g @ ones}


def _outer(stair, g, h):
    """g h^T, masked; from the blocks' reach on it is zero without a product."""
    g_W = onp.empty_like(g, shape=stair.shape, order="C")
    for rows, reach in stair.gradient_blocks(g.shape[1]):
        onp.matmul(g[rows], h[:reach].T, out=g_W[rows, :reach])
        if reach < len(h):  # a variable far out that no unit sees must not overflow here
            g_W[rows, reach:] = 0.0
    onp.copyto(g_W, 0.0, where=stair.hidden.on(g))  # 0 times an entry that overflowed would be NaN
    return g_W
