"""Run: descent on a loss, one step at a time. Everything the next step depends on is its state.

    loss, grads = value_and_grad(params, rng, batch);   clip;   flat <- optimizer(flat, grads)

The optimizer works on one flat vector, and the tree's leaves are views of it, so that moving the vector moves the
parameters. `state` and `restore` carry a run across the end of a process; the Record is its memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as onp

from nfscratch import backend, returned, trees
from nfscratch.training.batches import Batches
from nfscratch.training.budget import Budget
from nfscratch.training.defaults import Times
from nfscratch.training.ending import Ended, Ending
from nfscratch.training.optimizers import Adam, begin, clip_by_norm
from nfscratch.training.record import Record, Result
from nfscratch.training.remedies import SMALLER_STEPS

UNSAVED = ("scratch", "decays")  # of an optimizer's state: written before it is read; known from the parameters


LIMIT = 1e8  # a loss this many times larger than the first one (or than 1) will not recover


def diverged(loss: float, norm: float, first: float) -> bool:
    """Whether a loss or a gradient's length is non-finite, or the loss has exploded."""
    return not (onp.isfinite(loss) and onp.isfinite(norm)) or abs(loss) > LIMIT * max(1.0, abs(first))


@dataclass(frozen=True)
class Evaluation:
    """A moment of a run, for its callback."""

    step: int  # how many steps were done
    steps: int  # of how many
    loss: float | None  # of the last step's batch; None before the first step
    validation: float | None  # None where nothing is held out
    best_step: int | None
    params: Any  # a copy, so that it may be kept


@dataclass(frozen=True)
class Plan:
    """The settings of a run. They do not change on the way."""

    value_and_grad: Callable[..., Any]
    optimizer: Adam
    schedule: Callable[[float], float]
    steps: int
    evaluations: Times
    clip: float | None = None
    evaluate: Callable[[Any], float] | None = None
    patience: int | None = None
    update: Callable[[Any, Any], Any] | None = None
    blame: Callable[[Any, Any, Any], str] | None = None
    augment: Callable[[Any, Any], Any] | None = None
    callback: Callable[[Evaluation], Any] | None = None
    cooling: Budget | None = None  # the rate falls with the time that is spent, where this is ahead of the steps

    def rate_factor(self, step: int) -> float:
        """The schedule's factor on the rate of the step that comes after `step` steps."""
        done = step / self.steps
        share = done if self.cooling is None else min(1.0, max(done, self.cooling.share()))
        return returned.factor("schedule", self.schedule(share), share)


class Run:
    """A run of a plan, after `step` steps."""

    def __init__(self, plan: Plan, params: Any, rng: onp.random.Generator, batches: Batches | None):
        self.plan, self.rng, self.batches = plan, rng, batches
        self.flat, self.params = trees.flatten(params)
        self.gradient, self.optimizer = onp.empty_like(self.flat), begin(plan.optimizer, self.flat, self.params)
        self.step, self.record = 0, Record(plan.evaluate, plan.patience)

    @property
    def over(self) -> bool:
        return self.record.ending is not None or self.step >= self.plan.steps

    def begin(self) -> None:
        """Evaluate the first parameters. Without `evaluate`, the next step ranks them, once it has seen their loss."""
        if self.step == 0 and self.plan.evaluate is not None and not self.record.history["step"]:
            self._evaluate()

    def advance(self) -> None:
        """One step, unless the loss has diverged."""
        plan, before, batch = self.plan, self._place(), self._batch()
        value, grads = plan.value_and_grad(self.params, self.rng, *batch)
        value = float(value)
        trees.gather(grads, out=self.gradient)
        norm = float(self.gradient @ self.gradient) ** 0.5
        if diverged(value, norm, self.record.first_loss(value)):
            self.record.ending = Ending(Ended.DIVERGED, self.step + 1, loss=value, blamed=self._blamed(grads, batch))
            return
        if plan.evaluate is None and plan.evaluations.due(self.step) and self.record.best_step != self.step:
            self._evaluate()  # their loss has been seen
            if self.over:
                return self._back_to(before)  # a run that goes on takes this step with the same batch
        self._move(norm, batch)
        self.record.history["loss"].append(value)
        if plan.evaluate is not None and plan.evaluations.due(self.step):
            self._evaluate()

    def _place(self):
        """The states that decide the next batch."""
        order = None if self.batches is None else (self.batches.order, self.batches.position)
        return order, self.rng.bit_generator.state

    def _back_to(self, place):
        order, self.rng.bit_generator.state = place
        if order is not None:
            self.batches.order, self.batches.position = order

    def _evaluate(self):
        """Rank the parameters, and tell the callback, which may end the run."""
        record = self.record
        record.consider(self.step, self.params)
        if self.plan.callback is None:
            return
        loss, validation = (record.history[key][-1:] or [None] for key in ("loss", "validation"))
        at = Evaluation(self.step, self.plan.steps, loss[0], validation[0], record.best_step, trees.copy(self.params))
        if returned.is_true(self.plan.callback(at)) and record.ending is None:
            record.ending = Ending(Ended.STOPPED, self.step)

    def _blamed(self, grads, batch):
        if self.plan.blame is None:
            return f"the loss; {SMALLER_STEPS}"
        return self.plan.blame(self.params, grads, *batch)

    def _batch(self):
        """The rows of a step, augmented once, so that loss, update and blame see the same numbers."""
        if self.batches is None:
            return ()
        rows = self.batches.next()
        return (rows if self.plan.augment is None else self.plan.augment(rows, self.rng),)

    def _move(self, norm, batch):
        clip_by_norm(self.gradient, norm, self.plan.clip)
        self.plan.optimizer.step(self.flat, self.gradient, self.optimizer, self.plan.rate_factor(self.step))
        if self.plan.update is not None:
            # Take only the stored leaves: the trained ones stay views of the vector that the optimizer moves.
            updated = returned.tree_like("update", self.plan.update(self.params, *batch), self.params)
            self.params = trees.with_fixed_of(updated, self.params)
        self.step += 1

    def end(self, cut: Ended = Ended.INTERRUPTED) -> None:
        """Evaluate the parameters where the run ends, by steps or `cut` short. A run that continues has not done so."""
        if self.record.ending is not None:
            return
        if self.record.best_step != self.step and self.step not in self.record.history["step"][-1:]:
            self._evaluate()
        if self.step < self.plan.steps:
            self.record.ending = Ending(cut, self.step)
        elif self.record.ending is None:
            self.record.ending = Ending(Ended.ALL_STEPS, self.step)

    def result(self) -> Result:
        return self.record.result(self.params)

    # --- across the end of a process -------------------------------------------------------------------------------

    def state(self) -> tuple[dict, dict]:
        """A tree of arrays, and numbers that JSON can hold. The caller keeps the generator's state."""
        arrays = {k: v for k, v in self.optimizer.items() if hasattr(v, "shape") and k not in UNSAVED}
        numbers = {k: v for k, v in self.optimizer.items() if not hasattr(v, "shape")}
        best, record = self.record.state()
        tree = {"params": self.params, "optimizer": arrays, "record": best, "order": []}
        if self.batches is not None:
            tree["order"] = [self.batches.order]
            numbers = {"optimizer": numbers, "position": self.batches.position}
        else:
            numbers = {"optimizer": numbers}
        return tree, {**numbers, "step": self.step, "record": record}

    def restore(self, tree: dict, numbers: dict) -> None:
        """Continue from a state."""
        tree = {**tree, **{key: self._on_device(tree[key]) for key in ("params", "optimizer")}}
        self.flat, self.params = trees.flatten(tree["params"])
        self.optimizer.update(tree["optimizer"], **numbers["optimizer"])
        if self.batches is not None:
            (self.batches.order,), self.batches.position = tree["order"], numbers["position"]
        self.step = numbers["step"]
        self.record.restore({**tree["record"], "best": self._on_device(tree["record"]["best"])}, numbers["record"])

    def _on_device(self, tree):
        return trees.map_leaves(lambda leaf: backend.asarray(leaf, dtype=leaf.dtype, like=self.flat), tree)
