"""Record: the memory of a run, and the Result that it gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as onp

from nfscratch import outside, returned, trees
from nfscratch.bijections.normalize.whiten import Whitening
from nfscratch.training.ending import Ended, Ending


class TrainingWarning(RuntimeWarning):
    """A run diverged, or did not make the flow better, or was given data that a density cannot be fitted to well."""


@dataclass(repr=False)
class Result:
    """The result of a run: parameters, history, and how it ended.

    params: the parameters with the best validation; without validation the last ones, and of a run that diverged the
        last with a finite loss.
    history: "loss", of each step's batch, in nats per row in `fit`; "validation", and the "step" of each. Of so few
        rows that `fit` divides them into folds, the validation is that of the folds.
    ending: how the run ended, and the numbers that belong to it.
    best_step: the number of steps after which `params` were found. Where it is 0 after a `fit` that chose its length
        and held out rows, `params` are the start that all rows give, the held-out ones too, and `validation` is still
        that of the start from the training rows.
    last_params: the parameters after the last step.
    whitening: what a flow took from the data's correlations where it starts with nf.Whiten, as the recipes do:
        (kind, share), "full" or "diagonal" and the share of the identity. None for other flows, and of `minimize`.
    """

    params: Any
    history: dict[str, list[float]] = field(default_factory=dict)
    ending: Ending = field(default_factory=Ending)
    best_step: int | None = None
    last_params: Any = None
    whitening: Whitening | None = None

    @property
    def ended(self) -> Ended:
        """One of nf.Ended: ALL_STEPS, EARLY_STOPPING, OUT_OF_TIME, STOPPED, INTERRUPTED, NOT_TRAINED, DIVERGED."""
        return self.ending.how

    @property
    def steps(self) -> int:
        """How many steps were taken."""
        return len(self.history.get("loss", []))

    @property
    def validation(self) -> float | None:
        """The validation of `params`; None where nothing was held out."""
        values = dict(zip(self.history.get("step", []), self.history.get("validation", []), strict=True))
        return values.get(self.best_step)

    def __repr__(self):
        value = "" if self.validation is None else f", validation {self.validation:.4f}"
        whitening = "" if self.whitening is None else f"; whitening {self.whitening}"
        return f"Result({self.stopped}; best step {self.best_step} of {self.steps}{value}{whitening})"

    @property
    def stopped(self) -> str:
        """The ending as a sentence, to print."""
        return str(self.ending)


class Record:
    """The memory of a run: losses, the best parameters, and how it ended."""

    def __init__(self, evaluate, patience):
        self.evaluate, self.patience = evaluate, patience
        self.history = {"loss": [], "step": [], "validation": []}
        self.best, self.best_step, self.best_value = None, None, onp.inf
        self.since_best = 0  # evaluations since the best one after step 0
        self.ending: Ending | None = None  # None: the run goes on

    def first_loss(self, value):
        return self.history["loss"][0] if self.history["loss"] else value

    def consider(self, step, params):
        """Evaluate, and keep a copy of the best so far. NaN is never best; without `evaluate`, the latest are.

        Patience compares an evaluation with those after step 0. A start that was fitted to the data, such as their
        Gaussian, can be better than the first steps, and worse than what these lead to.
        """
        value = -step if self.evaluate is None else returned.number("evaluate", self.evaluate(params))
        value = onp.nan if value == -onp.inf else value  # below all numbers, and no best: as NaN is
        lowest = self._lowest_after_the_start()
        if self.evaluate is not None:
            self.history["step"].append(step)
            self.history["validation"].append(value)
        finite = bool(onp.isfinite(value))
        if finite and value < self.best_value:
            self.best, self.best_step, self.best_value = trees.copy(params), step, value
        self.since_best = 0 if finite and value < lowest else self.since_best + 1
        if self.patience is not None and self.since_best >= self.patience:
            self.ending = Ending(Ended.EARLY_STOPPING, step, evaluations=self.since_best)

    def _lowest_after_the_start(self):
        seen = zip(self.history["step"], self.history["validation"], strict=True)
        return min((value for step, value in seen if step > 0 and onp.isfinite(value)), default=onp.inf)

    def text(self):
        if not self.history["loss"]:
            return "no finite loss yet"
        shown = f"loss {onp.mean(self.history['loss'][-50:]):.4f}"
        return shown + (f", validation {self.history['validation'][-1]:.4f}" if self.history["validation"] else "")

    def result(self, last_params):
        if self.best is None and self.history["loss"] and self.ending.how is not Ended.DIVERGED:
            return self._unranked(last_params)
        if self.best is None:
            seen = "evaluation" if self.history["loss"] and self.evaluate is not None else "loss"
            raise FloatingPointError(f"no finite {seen} was seen, so there are no parameters to return; {self.ending}")
        if self.ending.how is Ended.DIVERGED:
            kept = f"The parameters of step {self.best_step} are returned"
            outside.warn(f"training {self.ending}. {kept}", TrainingWarning)
        return Result(self.best, self.history, self.ending, self.best_step, last_params)

    def _unranked(self, last_params):
        """The last parameters, where every loss was finite and no evaluation was: they cannot be ranked."""
        why = getattr(self.evaluate, "why_not_finite", lambda params: "")(last_params)
        outside.warn(
            f"no evaluation was finite, so that no step is the best{why}. The last parameters are returned",
            TrainingWarning,
        )
        return Result(last_params, self.history, self.ending, len(self.history["loss"]), last_params)

    def state(self):
        history = {
            key: onp.array(values, dtype="i8" if key == "step" else "f8") for key, values in self.history.items()
        }
        best = [] if self.best is None else [self.best]
        ended = None if self.ending is None else self.ending.state()
        numbers = {"best_step": self.best_step, "since_best": self.since_best, "ended": ended}
        return {"best": best, "history": history, "best_value": onp.array(float(self.best_value))}, numbers

    def restore(self, tree, numbers):
        self.history = {key: tree["history"][key].tolist() for key in self.history}
        self.best = tree["best"][0] if tree["best"] else None
        self.best_value = float(tree["best_value"])
        self.best_step, self.since_best = numbers["best_step"], numbers["since_best"]
        ending = None if numbers["ended"] is None else Ending.from_state(numbers["ended"])
        self.ending = None if ending is None or ending.how is Ended.STOPPED else ending
