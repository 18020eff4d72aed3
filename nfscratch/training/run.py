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

from nfscratch import backend, trees
from nfscratch.training.batches import Batches
from nfscratch.training.divergence import SMALLER_STEPS
from nfscratch.training.ending import Ended, Ending
from nfscratch.training.optimizers import Adam, begin, clip_by_norm
from nfscratch.training.record import Record, Result

UNSAVED = ("scratch", "decays")  # of an optimizer's state: written before it is read; known from the parameters


LIMIT = 1e8  # a loss this many times larger than the first one (or than 1) will not recover


def diverged(loss: float, norm: float, first: float) -> bool:
    """Whether a loss or a gradient's length is non-finite, or the loss has exploded."""
    return not (onp.isfinite(loss) and onp.isfinite(norm)) or abs(loss) > LIMIT * max(1.0, abs(first))


@dataclass(frozen=True)
class Plan:
    """The settings of a run. They do not change on the way."""

    value_and_grad: Callable[..., Any]
    optimizer: Adam
    schedule: Callable[[float], float]
    steps: int
    every: int  # steps between evaluations
    clip: float | None = None
    evaluate: Callable[[Any], float] | None = None
    patience: int | None = None
    update: Callable[[Any, Any], Any] | None = None
    blame: Callable[[Any, Any, Any], str] | None = None
    augment: Callable[[Any, Any], Any] | None = None


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
            self.record.consider(0, self.params)

    def advance(self) -> None:
        """One step, unless the loss has diverged."""
        plan, batch = self.plan, self._batch()
        value, grads = plan.value_and_grad(self.params, self.rng, *batch)
        value = float(value)
        trees.gather(grads, out=self.gradient)
        norm = float(self.gradient @ self.gradient) ** 0.5
        if diverged(value, norm, self.record.first_loss(value)):
            self.record.ending = Ending(Ended.DIVERGED, self.step + 1, loss=value, blamed=self._blamed(grads, batch))
            return
        if plan.evaluate is None and self.step % plan.every == 0:
            self.record.consider(self.step, self.params)  # their loss has been seen
        self._move(norm, batch)
        self.record.history["loss"].append(value)
        if plan.evaluate is not None and self.step % plan.every == 0:
            self.record.consider(self.step, self.params)

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
        factor = self.plan.schedule(self.step / self.plan.steps)
        self.plan.optimizer.step(self.flat, self.gradient, self.optimizer, factor)
        if self.plan.update is not None:
            # Take only the stored leaves: the trained ones stay views of the vector that the optimizer moves.
            self.params = trees.with_fixed_of(self.plan.update(self.params, *batch), self.params)
        self.step += 1

    def end(self) -> None:
        """Evaluate the parameters where the run ends, by steps or by Ctrl-C. A run that continues has not done so."""
        if self.record.ending is not None:
            return
        if self.record.best_step != self.step and self.step not in self.record.history["step"][-1:]:
            self.record.consider(self.step, self.params)
        if self.step < self.plan.steps:
            self.record.ending = Ending(Ended.INTERRUPTED, self.step)
        elif self.record.ending is None:
            self.record.ending = Ending(Ended.ALL_STEPS, self.step)

    def result(self) -> Result:
        return self.record.result()

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
