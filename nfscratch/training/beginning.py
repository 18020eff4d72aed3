"""What a fit begins with: given parameters, or those that the flow finds from its rows.

    start = flow.init(rng, training rows)     where training begins; held-out rows compare each step with it
    what comes back = flow.init(rng, all rows)        where no step was better than the start

Held-out rows say when to stop. Where the answer is "at once", there is nothing to stop any more, and these rows can do
what the others do: tell the flow the means, scales and correlations with which it begins. On a table of 50 rows that is
a fifth of all rows. Both are made with the same random numbers, so that they differ in nothing but the rows.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import numpy as onp

from nfscratch import trees
from nfscratch.bijections.normalize.whiten import taken
from nfscratch.ops.roots import InversionError
from nfscratch.training import deciding_rows
from nfscratch.training.record import Result
from nfscratch.training.remedies import farthest_entry


@dataclass
class Beginning:
    """flow; noisy(batch, rng): the jitter; draws: a generator as it was before `init`, None where params were given."""

    flow: Any
    noisy: Any
    params: Any
    draws: onp.random.Generator | None = None

    def from_all_rows(self, result: Result, rows: Any) -> Result:
        """`result`, where its best step is 0, with the parameters that all `rows` give; they are not validated."""
        if result.best_step == 0 and self.draws is not None:
            with deciding_rows.said():
                result.params = begun(self.flow, deepcopy(self.draws), self.noisy(rows.x, deepcopy(self.draws)), rows)
            result.whitening = taken(self.flow.bijection, result.params["bijection"])
        return result


def beginning(flow: Any, params: Any, noisy: Any, rows: Any, rng: Any, given: Any, held_out: Any) -> Beginning:
    """rows: those to train on. given: the rows before any was held out, which warnings are about."""
    if params is not None:
        return Beginning(flow, noisy, params)
    with deciding_rows.looked_at(flow, given, held_out):
        x = noisy(rows.x, rng)
        draws = deepcopy(rng)
        return Beginning(flow, noisy, begun(flow, rng, x, rows), draws)


def begun(flow: Any, rng: Any, x: Any, rows: Any) -> Any:
    """Parameters that start from `rows` with the noise of x, in the dtype of x."""
    start = replace(rows, x=x).copied()
    try:
        return trees.cast(flow.init(rng, start.x, start.context), x.dtype)
    except InversionError as error:  # which counts the rows that a layer was given
        raise InversionError(
            f"the flow's start cannot be evaluated for all rows: {error}. {farthest_entry(rows)}, which lies farthest "
            "out: leave the row out, or transform the column (its log, its ranks)"
        ) from error
