"""The order of the variables in an autoregressive model: order[0] comes first, and depends on no other.

"natural"      0, 1, ..., D - 1
"reversed"     D - 1, ..., 1, 0
a sequence     each of 0 ... D - 1 once; `random_order(D, seed=...)` draws one
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as onp

from nfscratch import validate
from nfscratch.backend import Constant
from nfscratch.bijections.permutation import take_columns
from nfscratch.excerpt import excerpt


def random_order(dim: int, *, seed: int) -> tuple[int, ...]:
    """A random order of `dim` variables, the same for the same seed."""
    drawn = onp.random.default_rng(validate.seed(seed)).permutation(validate.size("dim", dim))
    return tuple(int(i) for i in drawn)


def variable_order(order: Sequence[int] | str | None, dim: int) -> tuple[int, ...]:
    """`order` as a tuple of ints; None is natural. ValueError if it is not an order of `dim` variables."""
    named = {None: range(dim), "natural": range(dim), "reversed": range(dim)[::-1]}
    if order is None or isinstance(order, str):
        if order not in named:
            raise ValueError(
                f"order must be natural, reversed, or hold each of 0 ... {dim - 1} once; got {excerpt(order)}"
            )
        return tuple(named[order])
    try:
        given = onp.asarray(order)
    except ValueError:  # rows of unequal length
        given = onp.asarray(None)
    if given.ndim != 1 or given.dtype.kind not in "iu" or not onp.array_equal(onp.sort(given), onp.arange(dim)):
        raise ValueError(f"order must hold each of 0 ... {dim - 1} once; got {excerpt(order)}")
    return tuple(int(i) for i in given)


class Sorting:
    """Columns sorted by an order, and put back: `there(x)`, `back(x)`, (N, D) each."""

    def __init__(self, order: Sequence[int]):
        self.order = tuple(int(i) for i in order)

    @cached_property
    def _places(self):
        return Constant(self.order, int), Constant(onp.argsort(self.order), int)

    @cached_property
    def natural(self) -> bool:
        return self.order == tuple(range(len(self.order)))

    def there(self, x):
        """Column j of the result is column order[j] of x."""
        if self.natural:
            return x
        return self._taken(x, *self._places)

    def back(self, x):
        if self.natural:
            return x
        return self._taken(x, *reversed(self._places))

    def _taken(self, x, order, inverse_order):
        if type(x) is onp.ndarray:  # nothing to trace
            return x.T[order.on(x)].T
        return take_columns(x, order.on(x), inverse_order.on(x))
