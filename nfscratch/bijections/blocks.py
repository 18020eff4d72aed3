"""Blocks: groups of variables next to each other, each with a bijection of its own.

x = (g_1(z_1), ..., g_B(z_B)),     J = diag(J_1, ..., J_B),     log_det = sum_b log_det_b

nf.Blocks([2, nf.Bounds([0], [inf]), nf.Simplex(3)])      2 variables as they are, a positive one, two shares
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import autograd.numpy as np
import numpy as onp

from nfscratch import trees, validate
from nfscratch.bijections.contract import Bijection
from nfscratch.bijections.reshape import Reshape
from nfscratch.bijections.traits import Derived, beside, shared
from nfscratch.excerpt import excerpt


@dataclass(frozen=True, eq=False)
class Blocks(Derived):
    """The bijections side by side; a whole number d stands for d variables that stay as they are.

    params: the list of the blocks' parameters. Every block takes and gives vectors.
    """

    blocks: Sequence[Bijection]

    def __post_init__(self):
        object.__setattr__(self, "blocks", tuple(map(_block, validate.listed(self.blocks))))
        if not self.blocks:
            raise ValueError("Blocks needs at least one block; got none")
        conditioned = {block.context_dim for block in self.blocks} - {0}
        if len(conditioned) > 1:
            raise ValueError(f"blocks must take the same context; got context_dim {sorted(conditioned)}")

    def derive(self):
        return beside(self.blocks)

    def image(self, interval):
        return shared(block.image(interval) for block in self.blocks)

    def preimage(self, interval):
        return shared(block.preimage(interval) for block in self.blocks)

    def init(self, rng, x=None, context=None):
        parts = [None] * len(self.blocks) if x is None else self._parts(x, "out_shape")
        return [block.init(rng, part, context) for block, part in zip(self.blocks, parts, strict=True)]

    def forward(self, params, z, context=None, rng=None):
        return self._joined([block.forward for block in self.blocks], params, z, "in_shape", context, rng)

    def inverse(self, params, x, context=None, rng=None):
        return self._joined([block.inverse for block in self.blocks], params, x, "out_shape", context, rng)

    def forward_value(self, params, z, context=None, rng=None):
        return self._joined([block.forward_value for block in self.blocks], params, z, "in_shape", context, rng)

    def inverse_value(self, params, x, context=None, rng=None):
        return self._joined([block.inverse_value for block in self.blocks], params, x, "out_shape", context, rng)

    def forward_vjp(self, params, z, context=None, rng=None):
        methods = [block.forward_vjp for block in self.blocks]
        return self._joined_vjp(methods, params, z, ("in_shape", "out_shape"), context, rng)

    def inverse_vjp(self, params, x, context=None, rng=None):
        methods = [block.inverse_vjp for block in self.blocks]
        return self._joined_vjp(methods, params, x, ("out_shape", "in_shape"), context, rng)

    def jacobian(self, params, z, context=None):
        J = onp.zeros_like(z, shape=(len(z), self.out_shape[0], self.in_shape[0]))
        across = zip(self.blocks, params, self._parts(z, "in_shape"), strict=True)
        row = column = 0
        for block, p, part in across:
            own = block.jacobian(p, part, context)
            J[:, row : row + own.shape[1], column : column + own.shape[2]] = own
            row, column = row + own.shape[1], column + own.shape[2]
        return J

    def update(self, params, x, context=None):
        parts = self._parts(x, "out_shape")
        return [b.update(p, part, context) for b, p, part in zip(self.blocks, params, parts, strict=True)]

    @cached_property
    def _ends(self):
        """Where each block ends, by the side."""
        sides = ("in_shape", "out_shape")
        return {side: onp.cumsum([getattr(block, side)[0] for block in self.blocks]).tolist() for side in sides}

    def _parts(self, rows, side):
        """rows (N, D) as the blocks' own columns."""
        ends = self._ends[side]
        return [rows[:, start:end] for start, end in pairwise([0, *ends])]

    def _joined(self, methods, params, rows, side, context, rng):
        parts = self._parts(rows, side)
        results = [f(p, part, context, rng) for f, p, part in zip(methods, params, parts, strict=True)]
        return _side_by_side([y for y, _ in results]), sum(log_det for _, log_det in results)

    def _joined_vjp(self, methods, params, rows, sides, context, rng):
        before, after = sides
        parts = self._parts(rows, before)
        results = [f(p, part, context, rng) for f, p, part in zip(methods, params, parts, strict=True)]

        def pullback(g_y, g_log_det):
            backs = zip(results, self._parts(g_y, after), strict=True)
            grads = [back(g, g_log_det) for (_, _, back), g in backs]
            g_rows = _side_by_side([g for _, g, _ in grads])
            return [g for g, _, _ in grads], g_rows, trees.total(*(g for _, _, g in grads))

        y = _side_by_side([y for y, _, _ in results])
        return y, sum(log_det for _, log_det, _ in results), pullback


def _block(given):
    if isinstance(given, (int, onp.integer)) and not isinstance(given, bool) and given >= 1:
        return Reshape((validate.size("each of blocks", given),), (int(given),))
    if not isinstance(given, Bijection):
        raise TypeError(
            "a block must be a bijection, such as nf.Simplex(3), or a number of variables that stay as they are; "
            f"got {excerpt(given)}"
        )
    if len(given.in_shape) != 1 or len(given.out_shape) != 1:
        raise ValueError(f"a block must take and give vectors (D,); got {given.in_shape} and {given.out_shape}")
    return given


def _side_by_side(columns):
    """Arrays (N, D_b) as (N, D), batch-last in memory."""
    return np.concatenate([column.T for column in columns], axis=0).T
