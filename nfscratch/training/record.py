"""Record: the memory of a run, and the Result that it gives back."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as onp

from nfscratch import trees


class TrainingWarning(RuntimeWarning):
    """A run ended early because it diverged."""


@dataclass
class Result:
    """What a run gives back."""

    params: Any  # the best by validation; without one, the last; of a run that diverged, the last with a finite loss
    history: dict[str, list[float]] = field(default_factory=dict)
    stopped: str = "all steps done"  # or "early stopping ...", "interrupted ...", "diverged ..."
    best_step: int | None = None  # where `params` are from


class Record:
    """The memory of a run: losses, the best parameters, and why it ended."""

    def __init__(self, evaluate, patience):
        self.evaluate, self.patience = evaluate, patience
        self.history = {"loss": [], "step": [], "validation": []}
        self.best, self.best_step, self.best_value = None, None, onp.inf
        self.since_best, self.stopped = 0, ""

    def first_loss(self, value):
        return self.history["loss"][0] if self.history["loss"] else value

    def consider(self, step, params):
        """Evaluate, and keep a copy of the best so far. NaN is never best; without `evaluate`, the latest are."""
        value = -step if self.evaluate is None else float(self.evaluate(params))
        if self.evaluate is not None:
            self.history["step"].append(step)
            self.history["validation"].append(value)
        if onp.isfinite(value) and value < self.best_value:
            self.best, self.best_step, self.best_value, self.since_best = trees.copy(params), step, value, 0
            return
        self.since_best += 1
        if self.patience is not None and self.since_best >= self.patience:
            self.stopped = f"early stopping at step {step}: no better validation in {self.since_best} evaluations"

    def diverge(self, step, value, blamed):
        self.stopped = f"diverged at step {step} (loss {value:.3g}): {blamed}"

    def text(self):
        if not self.history["loss"]:
            return "no finite loss yet"
        shown = f"loss {onp.mean(self.history['loss'][-50:]):.4f}"
        return shown + (f", validation {self.history['validation'][-1]:.4f}" if self.history["validation"] else "")

    def result(self):
        if self.best is None:
            raise FloatingPointError(f"no finite loss was seen, so there are no parameters to return; {self.stopped}")
        if self.stopped.startswith("diverged"):
            warnings.warn(
                f"training {self.stopped}. The parameters of step {self.best_step} are returned; "
                "try a smaller rate, or clip=1.0",
                TrainingWarning,
                stacklevel=5,
            )
        return Result(self.best, self.history, self.stopped or "all steps done", self.best_step)

    def state(self):
        history = {
            key: onp.array(values, dtype="i8" if key == "step" else "f8") for key, values in self.history.items()
        }
        best = [] if self.best is None else [self.best]
        numbers = {"best_step": self.best_step, "since_best": self.since_best, "stopped": self.stopped}
        return {"best": best, "history": history, "best_value": onp.array(float(self.best_value))}, numbers

    def restore(self, tree, numbers):
        self.history = {key: tree["history"][key].tolist() for key in self.history}
        self.best = tree["best"][0] if tree["best"] else None
        self.best_value = float(tree["best_value"])
        self.best_step, self.since_best = numbers["best_step"], numbers["since_best"]
        self.stopped = numbers["stopped"]
