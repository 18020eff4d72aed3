"""In kernel: the functions of a notebook that runs, judged in its own process by the checks of their tasks.

    points("4.2", globals())                the points of a task, below the words of the self-check
    Judged("4.2").passes("undoes", env)     one check of it; AssertionError says what is wrong

Inputs are new every time; `seed` repeats those of a message. What the student's functions print, and warn of, is left
out: platforms take a line on the error stream for a failure.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from nfscratch.course.sandbox.here import InProcess
from nfscratch.course.sandbox.limits import Limits
from nfscratch.course.seeds import fresh_seed
from nfscratch.course.selfcheck import Mark, Setting, judge
from nfscratch.course.submission import Submission
from nfscratch.course.summary import told
from nfscratch.course.task import assignment
from nfscratch.course.variant import Variant

NOTEBOOK = Submission(Path("this notebook"), "# its cells have been run")


class InKernel(InProcess):
    """The interface of Child, for functions that are there already."""

    def __init__(self, path: str, text: str, limits: Limits, namespace: dict[str, Any]):
        super().__init__(path, text, limits)
        self.session.module = SimpleNamespace(**namespace)
        self.functions = {name: value for name, value in namespace.items() if callable(value)}

    def load(self) -> dict:
        return {"functions": list(self.functions)}

    def _exchange(self, message, given):
        code = getattr(self.functions.get(message["function"]), "__code__", None)
        self.session.path = getattr(code, "co_filename", self.path)  # of the cell, whose lines a message shows
        return super()._exchange(message, given)


class Judged:
    """A task of a notebook, judged once, when its first check is asked for."""

    def __init__(self, id: str, variant: int | None = None, seed: int | None = None):
        self.id, self.variant, self.seed = id, variant, fresh_seed() if seed is None else seed
        self.mark: Mark | None = None

    def of(self, namespace: dict[str, Any]) -> Mark:
        if self.mark is None:
            found = assignment(self.id.split(".")[0])
            setting = Setting(Variant.of(found, self.variant), every=True, child=lambda *a: InKernel(*a, namespace))
            with _quiet():
                self.mark = judge(found, found.task(self.id), NOTEBOOK, self.seed, setting)
        return self.mark

    def passes(self, check: str, namespace: dict[str, Any]) -> None:
        """Raise an AssertionError with the words of the self-check, unless this check earns its points."""
        mark = self.of(namespace)
        outcome = next(outcome for outcome in mark.outcomes if outcome.check.name == check)
        if outcome.fault is not None:
            raise AssertionError("\n".join([*told(mark, outcome.fault), f"      Seed: {mark.seed}"]))


def points(id: str, namespace: dict[str, Any], variant: int | None = None, seed: int | None = None) -> int:
    """The points of a task, for the functions of a namespace. It prints every mistake."""
    mark = Judged(id, variant, seed).of(namespace)
    print(f"Task {id}: {mark.earned} of {mark.task.points} points (seed {mark.seed})")
    for fault in dict.fromkeys(outcome.fault for outcome in mark.outcomes if outcome.fault is not None):
        print("\n".join(told(mark, fault)))
    return mark.earned


@contextlib.contextmanager
def _quiet():
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        with warnings.catch_warnings(action="ignore"):
            yield
