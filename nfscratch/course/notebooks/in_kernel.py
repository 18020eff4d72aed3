"""In kernel: the functions of a notebook that runs, judged by the checks of their tasks.

    points("4.2", globals())                the points of a task, below the words of the self-check
    Judged("4.2").passes("undoes", env)     one check of it; AssertionError says what is wrong

What the function needs is taken from the cells that were run (needed.py), and judged in a process of its own
(apart.py). Where there is no kernel that keeps its cells, or no second process, as in a browser, the functions are
judged where they are. Inputs are new every time; `seed` repeats those of a message. What is printed there, and warned
of, is left out: platforms take a line on the error stream for a failure.
"""

from __future__ import annotations

import contextlib
import io
import sys
import warnings
from types import SimpleNamespace
from typing import Any

from nfscratch.course.notebooks.apart import NOTEBOOK, Request, Verdict, judged
from nfscratch.course.notebooks.needed import cells_run, needed
from nfscratch.course.sandbox.here import InProcess
from nfscratch.course.sandbox.limits import Limits
from nfscratch.course.seeds import chosen
from nfscratch.course.selfcheck import Setting, judge
from nfscratch.course.submission import Submission
from nfscratch.course.task import assignment
from nfscratch.course.variant import Variant


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
        self.id, self.variant, self.seed = id, variant, chosen(seed)
        self.verdict: Verdict | None = None

    def of(self, namespace: dict[str, Any]) -> Verdict:
        if self.verdict is None:
            cells = None if sys.platform == "emscripten" else cells_run()
            self.verdict = self._here(namespace) if cells is None else self._apart(cells)
        return self.verdict

    def _apart(self, cells):
        found = assignment(self.id.split(".")[0])
        function = Variant.of(found, self.variant).name_of(found.task(self.id))
        return judged(Request(self.id, self.variant, self.seed, needed(cells, function)))

    def _here(self, namespace):
        found = assignment(self.id.split(".")[0])
        setting = Setting(Variant.of(found, self.variant), every=True, child=lambda *a: InKernel(*a, namespace))
        submission = Submission(NOTEBOOK, "# its cells have been run")
        with _quiet():
            return Verdict.of(judge(found, found.task(self.id), submission, self.seed, setting))

    def passes(self, check: str, namespace: dict[str, Any]) -> None:
        """Raise an AssertionError with the words of the self-check, unless this check earns its points."""
        if (said := self.of(namespace).said[check]) is not None:
            raise AssertionError(f"{said}\n      Seed: {self.seed}")


def points(id: str, namespace: dict[str, Any], variant: int | None = None, seed: int | None = None) -> int:
    """The points of a task, for the functions of a notebook. It prints every mistake."""
    task = Judged(id, variant, seed)
    verdict = task.of(namespace)
    print(f"Task {id}: {verdict.earned} of {verdict.points} points (seed {task.seed})")
    for said in dict.fromkeys(said for said in verdict.said.values() if said is not None):
        print(said)
    return verdict.earned


@contextlib.contextmanager
def _quiet():
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        with warnings.catch_warnings(action="ignore"):
            yield
