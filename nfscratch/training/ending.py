"""How a run ended: one of seven ways, and the numbers that belong to it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Ended(Enum):
    """The ways in which a run can end. Each value is a sentence with places for the fields of an Ending."""

    ALL_STEPS = "all steps done"
    EARLY_STOPPING = "early stopping at step {step}: no better validation in {evaluations} evaluations"
    OUT_OF_TIME = "out of time at step {step}"
    STOPPED = "stopped by the callback at step {step}"
    INTERRUPTED = "interrupted at step {step}"
    NOT_TRAINED = "not trained: held-out rows do not show that it helps"
    DIVERGED = "diverged at step {step} (loss {loss:.3g}): {blamed}"


@dataclass(frozen=True)
class Ending:
    """How a run ended. As text it is a sentence to print; code reads the fields."""

    how: Ended = Ended.ALL_STEPS
    step: int | None = None  # the last step; of a run that diverged, the step that could not be taken
    evaluations: int | None = None  # EARLY_STOPPING: how many there were since the best one
    loss: float | None = None  # DIVERGED: the loss of that step
    blamed: str | None = None  # DIVERGED: the part at fault and what to do, in words

    def __str__(self):
        return self.how.value.format(**vars(self))

    def state(self) -> dict:
        """The fields as JSON can hold them. It has no NaN and no infinity, so the loss is a text."""
        return {**vars(self), "how": self.how.name, "loss": None if self.loss is None else repr(self.loss)}

    @classmethod
    def from_state(cls, state: dict) -> Ending:
        """The Ending that `state()` describes."""
        loss = None if state["loss"] is None else float(state["loss"])
        return cls(**{**state, "how": Ended[state["how"]], "loss": loss})
