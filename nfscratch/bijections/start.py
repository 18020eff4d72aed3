"""The batch of data that layers start from, carried from the data towards the noise: all rows, or a sample of them.

A layer needs few rows for a first mean or scale: of 2,000 rows the mean is known to 1/45 of the standard deviation. To
carry all rows through all layers is as much work as an epoch of training. So all rows are carried while the products,
rows x (D + parameters of the layer), stay below 2^30 in sum, which is about a second; then a sample is taken, once.
Rows that overflow on the way are left behind: of infinity every mean is infinite, and every scale NaN.
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch import backend, trees

SAMPLE = 2000
WORK = 2**30


class StartBatch:
    """x and context, either of which may be None. The sample is the same for every seed, so no draw depends on it."""

    def __init__(self, x: Any, context: Any):
        self.x, self.context, self._work = x, context, 0

    def carry(self, layer: Any, params: Any, rng: Any) -> None:
        """Replace x by what `layer` makes of it on the way to the noise."""
        self.thin(params)
        with onp.errstate(over="ignore", invalid="ignore"):
            self.x, _ = layer.inverse_value(params, self.x, self.context, rng)
        if not bool(onp.isfinite(self.x).all()):
            good = onp.flatnonzero(onp.isfinite(self.x).reshape((len(self.x), -1)).all(axis=1))
            if len(good) > 1:
                self._take(good)

    def thin(self, params: Any) -> None:
        """Take a sample, where a part with `params` would make all rows too much work."""
        self._work += self.x.size + len(self.x) * trees.count(params)
        if self._work > WORK and len(self.x) > SAMPLE:
            self._sample()

    def _sample(self):
        rows = onp.random.default_rng(0).choice(len(self.x), SAMPLE, replace=False, shuffle=False)
        self._take(backend.asarray(rows, dtype=int, like=self.x))

    def _take(self, rows):
        self.x = onp.asarray(self.x[rows], order="F", like=self.x)
        self.context = None if self.context is None else self.context[rows]
