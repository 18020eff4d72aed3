"""Minibatches of rows, shuffled anew for every pass over the data."""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch import backend
from nfscratch.array_kinds import is_native, refuse_masked
from nfscratch.excerpt import excerpt
from nfscratch.ops.events import batch_first, batch_last


class Batches:
    """Minibatches without replacement; the rows left over at the end of a pass are skipped.

    With fewer rows than a batch, every batch is all of them.
    `order`, `position` and the generator's state decide all batches to come.
    """

    def __init__(self, data: Any, size: int, rng: onp.random.Generator):
        self.data, self.rng = data, rng
        parts = [part for part in (data if isinstance(data, tuple) else (data,)) if part is not None]
        if odd := [part for part in parts if not is_native(part) or part.ndim == 0]:
            raise TypeError(f"data must be an array of rows, or a tuple of arrays or None; got {excerpt(odd[0])}")
        for part in parts:
            refuse_masked("data", part)
        lengths = {len(part) for part in parts}
        if len(lengths) != 1 or 0 in lengths:
            raise ValueError(
                f"data must have at least 1 row, and the same number of rows in every part; got {sorted(lengths)} rows"
            )
        self.n = lengths.pop()
        self.size = min(size, self.n)
        self.order, self.position = rng.permutation(self.n), 0

    def next(self) -> Any:
        if self.position + self.size > self.n:
            self.order, self.position = self.rng.permutation(self.n), 0
        rows = self.order[self.position : self.position + self.size]
        self.position += self.size
        return take_rows(self.data, rows)


def take_rows(data: Any, rows: Any) -> Any:
    """Rows of an array, or of each array of a tuple, batch-last in memory."""
    if data is None:
        return None
    if isinstance(data, tuple):
        return tuple(take_rows(part, rows) for part in data)
    rows = backend.asarray(rows, dtype=int, like=data)
    if data.ndim == 2:
        return data.T[:, rows].T
    return batch_first(batch_last(data)[..., rows])
