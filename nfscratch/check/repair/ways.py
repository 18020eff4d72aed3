"""Ways: the lines that forward goes through, those that inverse does, and those that both do.

A mistake of one direction's log_det stands where that direction goes, and a change of a line to which forward does not
come leaves x as it is.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from functools import cached_property, partial
from typing import Any

import numpy as onp

from nfscratch.check.repair.edit import Edit, Place
from nfscratch.check.repair.frozen import shares_memory
from nfscratch.check.repair.live_code import Reached
from nfscratch.check.repair.of_layers import lines_of_wrong_layers
from nfscratch.check.repair.screens import OfAll, OfLogDet
from nfscratch.check.trial import Trial

Lines = dict[str, AbstractSet[int]]  # by file


class Ways:
    """Of one trial whose laws `failed`, at the rows of a screen. reached: what both directions together reach.

    forget: empties what the user's functions keep from call to call.
    """

    def __init__(
        self, trial: Trial, screen, failed: set[str], reached: Reached, forget: Callable[[], Any] = lambda: None
    ):
        self.forget = forget
        self.trial, self.screen, self.failed, self.reached = trial, screen, failed, reached

    @cached_property
    def wrong(self) -> Lines:
        """Where a change may mend something: in the direction whose log_det is not that of its own J."""
        if isinstance(self.screen, OfAll) or self.screen.x is None:
            return self.reached.lines
        if isinstance(self.screen, OfLogDet):
            return self._of_wrong_layers(self._met(self.screen.direction), self.screen.direction)
        own = [d for d in ("forward", "inverse") if f"J {d}" in self.failed]
        return self._of_wrong_layers(self._met(own[0]) if len(own) == 1 else self.reached.lines)

    def _of_wrong_layers(self, lines, direction=""):
        """Of the lines those that a layer goes through which is wrong by itself; all of them where no layer is."""
        of_layers = lines_of_wrong_layers(self.trial, direction)
        return lines if of_layers is None else {file: at & of_layers.get(file, set()) for file, at in lines.items()}

    @cached_property
    def shared(self) -> Lines:
        """The lines that both directions go through."""
        if self._of_forward is None:
            return {}
        back = self._met("inverse")
        return {file: lines & back.get(file, set()) for file, lines in self._of_forward.items()}

    def leave_forward(self, statement, place, edit: Edit) -> bool:
        """Whether forward does not come to the lines of the change."""
        if self._of_forward is None or statement.runs_at_import:
            return False
        return not edit.also and not lines_of(place).intersection(self._of_forward.get(statement.file, ()))

    @cached_property
    def _of_forward(self):
        return None if self.screen.x is None else self._met("forward")

    def _met(self, direction):
        """The lines that one direction goes through."""
        try:
            at = self.trial.input(direction)[self.screen.rows]
        except Exception:  # x has another shape
            return self.reached.lines
        call = getattr(self.trial.subject.at(self.screen.rows), direction)
        self.forget()
        return Reached(lambda: call(onp.array(at))).lines


def lines_of(place: Place) -> set[int]:
    """The lines of its statement; of a statement the one after it, too."""
    if isinstance(place.node, ast.stmt):
        return set(range(place.node.lineno, place.node.end_lineno + 2))
    return set(range(getattr(place.statement, "lineno", 0), getattr(place.statement, "end_lineno", 0) + 1))


def may_be_changed(trial: Trial, row: int) -> bool:
    """Whether a trial's functions have their source in a user's file, and touch nothing outside of themselves."""
    reached = Reached(partial(both_directions, trial, row))
    return bool(reached.lines) and not reached.touches_the_world and not shares_memory(reached)


def both_directions(trial: Trial, row: int) -> None:
    """One row, and then all, through forward and back."""
    for z in (trial.z[row % len(trial)][None], trial.z):
        x, _ = trial.subject.forward(z.copy())
        trial.subject.inverse(x)


def density_and_samples(trial: Trial) -> None:
    """log_prob and sample, where they were given."""
    s = trial.subject
    if s.log_prob is not None:
        s.log_prob(trial.x.copy())
    if s.sample is not None:
        s.sample(onp.random.default_rng(0), 3)
