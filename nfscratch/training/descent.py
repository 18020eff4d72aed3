"""Descent: what `minimize` is asked for a flow's objective, for whichever rows a fit trains on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as onp

from nfscratch import returned
from nfscratch.bijections.normalize.whiten import taken
from nfscratch.training import remedies, row_weights
from nfscratch.training.batches import take_rows
from nfscratch.training.held_out import Rows
from nfscratch.training.memory import for_steps
from nfscratch.training.objectives import Objective
from nfscratch.training.record import Result

SHOWN = 5  # rows that a message names
MOST = 10_000  # held-out rows that are looked at one by one


@dataclass(frozen=True)
class Descent:
    """What stays the same from one set of rows to the next. options: arguments of `minimize`."""

    flow: Any
    objective: Objective
    noisy: Callable | None  # (batch of x, rng) -> x with jitter; None without
    memory: str
    options: dict

    def arguments(self, start: Any, rows: Rows, held_out: Rows | None, rng: Any, **changes) -> dict:
        """Of `minimize`, to train from the parameters `start` on `rows`; `changes` are options of this run alone."""
        flow, objective, noisy = self.flow, self.objective, self.noisy
        return dict(
            loss=_loss(for_steps(flow, self.memory, objective), objective),
            params=start,
            rng=rng,
            data=(rows.x, rows.context, row_weights.of_mean_1(rows.weights)),
            evaluate=None if held_out is None else HeldOutLoss(objective, flow, held_out),
            augment=None if noisy is None else lambda batch, rng: (noisy(batch[0], rng), *batch[1:]),
            update=_update(flow) if flow.updates else None,
            blame=lambda p, grads, batch: objective.blame(flow, p, grads, *batch[:2], rows),
            finish=lambda result: say_what_was_taken(flow, result),
            has_grad=True,
            title="fit",
            **{**self.options, **changes},
        )


@dataclass(frozen=True)
class HeldOutLoss:
    """The loss of held-out rows: the same noise each time, so that only the parameters make a difference."""

    objective: Objective
    flow: Any
    rows: Rows

    def __call__(self, params: Any) -> float:
        return self._value(params, self.rows)

    def _value(self, params, rows):
        rng = onp.random.default_rng(0)
        value = self.objective.value(self.flow, params, rows.x, rows.context, rng, rows.weights)
        return returned.number(f"value of {type(self.objective).__name__}", value)

    def why_not_finite(self, params: Any) -> str:
        """The rows whose own loss is not finite, as the end of a sentence."""
        N = len(self.rows.x)
        with onp.errstate(all="ignore"):
            losses = [float(self._value(params, self.rows.take(onp.array([i])))) for i in range(min(N, MOST))]
        bad = onp.flatnonzero(~onp.isfinite(losses))
        names = ", ".join(map(str, self.rows.numbers[bad[:SHOWN]])) + (", ..." if len(bad) > SHOWN else "")
        density = "has" if len(bad) == 1 else "have"
        said = f": row{'s' * (len(bad) > 1)} {names} of {self.rows.where} {density} density 0"
        return "; ".join(filter(None, (said, remedies.far_entry(self.rows, bad)))) if len(bad) else ""


def _loss(flow, objective):
    """loss(params, rng, batch) -> value, gradient tree."""

    def loss(params, rng, batch):
        x, context, weights = batch
        return objective.value_and_grad(flow, params, x, context, rng, weights, len(x))

    return returned.with_gradient(f"value_and_grad of {type(objective).__name__}", loss)


def _update(flow):
    """update(params, batch): running statistics, of copies of the rows where these have weights."""

    def update(params, batch):
        x, context, weights = batch
        copies = row_weights.copies(weights)
        return flow.update(params, *((x, context) if copies is None else take_rows((x, context), copies)))

    return update


def say_what_was_taken(flow: Any, result: Result) -> None:
    """Set `result.whitening`."""
    result.whitening = taken(flow.bijection, result.params["bijection"])
