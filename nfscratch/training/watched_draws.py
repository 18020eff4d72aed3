"""What a GAN's losses do not say: how far its draws are from the data, in the course of a run.

    MMD^2 of draws and rows in the critic's units, under a Gaussian kernel of bandwidth sqrt(D)                    (1)

(ops/gaussian_mmd.py) of the same 500 rows and of 500 draws with the same noise each time. It is about 0 where both have
one law. Half a standard deviation between their means, in every column, gives (1) about 0.06 in the plane.

A game can be lost while both losses look as they do at its best. On two moons, with a RealNVP of 8 layers, a penalty of
0.1 and a rate of 2e-3, 8,000 steps ended with (1) at 0.079 after 0.003 on the way, and with losses of 1.36 and 0.75.
With a penalty of 1, a rate of 5e-4, or 2,500 steps, (1) ended at 0. Nothing here changes the run: the draws have random
numbers of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as onp

from nfscratch.ops.gaussian_mmd import mmd_vjp
from nfscratch.training import far_end
from nfscratch.training.batches import take_rows
from nfscratch.training.record import Result
from nfscratch.training.run import Evaluation
from nfscratch.trees import FIXED

ROWS = 500
BEARABLE = 0.05
NOISE = 5.0  # over the number of rows: a rise that chance can make
REMEDY = (
    "The last parameters are returned. Both losses may look well all the same. Give measure=, such as an energy "
    "distance of draws and held-out rows, which keeps the best step; or try fewer steps, a smaller rate, or a larger "
    "penalty"
)


class WatchedDraws:
    """The callback of a run without a measure: (1) after each evaluation, and then the caller's own callback."""

    def __init__(self, gan: Any, x: Any, callback: Callable[[Evaluation], Any] | None):
        self.gan, self.callback = gan, callback
        self.rows = take_rows(x, onp.random.default_rng(0).permutation(len(x))[:ROWS])
        self.steps, self.values = [], []

    def __call__(self, at: Evaluation) -> Any:
        self.steps.append(at.step)
        self.values.append(self._apart(at.params))
        return None if self.callback is None else self.callback(at)

    def review(self, result: Result) -> None:
        """Warn where the draws of the last step are much farther from the data than those of the best.

        A game begins by leaving the data: a run of a few steps says nothing.
        """
        if result.steps < far_end.SHORT:
            return
        bearable = BEARABLE + NOISE / len(self.rows)
        far_end.say(result, "the distance of draws and data (MMD^2)", self.steps, self.values, bearable, REMEDY)

    def _apart(self, params):
        if len(self.rows) < 2:
            return 0.0
        scale = params["scale"][FIXED]
        draws = self.gan.sample(params, onp.random.default_rng(0), len(self.rows))
        z, y = ((rows - scale["mean"]) / scale["std"] for rows in (draws, self.rows))
        return float(mmd_vjp(z, y, z.shape[1] ** 0.5)[0])
