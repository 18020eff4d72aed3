"""Asked: the student's function as a check sees it. Calling it asks the child, and a value comes back or Stopped.

`constants` holds what a variant of the handout changes, by name: {"slope": 0.3}.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as onp

from nfscratch.course.judging.fault import Fault, Kind, Stopped
from nfscratch.course.judging.shown import plain
from nfscratch.course.sandbox.outside import Child

UNWRITTEN = re.compile(r"task (\d+\.\d+)\b")
RAISE = re.compile(r"^\s*line \d+:\s+raise\b")
IN_ONE_MESSAGE = 2000  # calls


class Asked:
    def __init__(self, child: Child, function: str, task_id: str, constants: Mapping[str, float]):
        self.child, self.function, self.task_id, self.constants = child, function, task_id, constants
        self.fault: Fault | None = None  # why the last call gave no value
        self.changed: list[int] = []  # the arguments that the last watched calls changed

    def __call__(self, *arguments: Any) -> Any:
        return self.many([arguments])[0]

    def many(self, calls: Sequence[tuple], watch: bool = False) -> list[Any]:
        """One value for each tuple of arguments, from as few messages as possible."""
        results: list[dict] = []
        for k in range(0, len(calls), IN_ONE_MESSAGE):
            results += self._some(calls[k : k + IN_ONE_MESSAGE], watch)
        self.changed = sorted({place for result in results for place in result["changed"]})
        return [result["value"] for result in results]

    def _some(self, calls, watch):
        results = self.child.call(self.function, calls, watch)
        if not results:
            raise self._stopped(missing(self.function, self.child.text))
        before = [result["value"] for result in results if "value" in result]
        if "error" in results[-1]:
            raise self._stopped(raised(results[-1]["error"], self.task_id, self.child.path), before)
        if len(before) < len(calls):
            raise self._stopped(Fault("it gave fewer answers than it was asked for", kind=Kind.STOPPED), before)
        return results

    def rows(self, points: Any, *others: Any) -> list[Any]:
        """One value for each row of `points`, with the same other arguments."""
        return self.many([(row, *others) for row in onp.asarray(points)])

    def _stopped(self, fault, before=()):
        self.fault = fault
        return Stopped(fault, before)


def missing(function: str, text: str) -> Fault:
    if not text.strip():
        return Fault("the file is empty", kind=Kind.UNLOADED, hint="Is it saved?")
    hint = "Is it spelled as in the handout?"
    return Fault(f"the file has no function called {function}", kind=Kind.MISSING, hint=hint)


def raised(error: dict, task_id: str, path: str, loading: bool = False) -> Fault:
    """The fault of an exception, which is data that the child sent: {"kind", "words", "lines"}."""
    kind, words = plain(error["kind"], 80), plain(error["words"], 500)
    lines = tuple(f"      line {number}:  {text}" for number, text in _lines(error["lines"]))
    other = UNWRITTEN.match(words)
    if kind == "NotImplementedError" and not loading:
        return _unwritten(other[1] if other else task_id, task_id, lines)
    if kind in ("SyntaxError", "IndentationError", "TabError"):
        hint = "Python stops at this line, or just before."
        return Fault(f"the file cannot be read as Python: {words}", lines, hint, Kind.UNLOADED)
    if kind == "SystemExit":
        kind_of = Kind.UNLOADED if loading else Kind.STOPPED
        return Fault("it ends the program (sys.exit, or exit)", lines, "A function returns its values.", kind_of)
    if kind == "MemoryError":
        hint = "How large should this array be?"
        return Fault(
            "it asks for more memory than it may have",
            (*lines, f"      {words}"),
            hint,
            Kind.UNLOADED if loading else Kind.STOPPED,
        )
    where = "the file stops while it is loaded" if loading else "it raises an exception"
    hint = f"Does `python {path}` come to its end?" if loading else "Print the shapes in this line, for this input."
    if kind == "ModuleNotFoundError":
        hint = "Your functions need NumPy; autograd and SciPy are there too."
    elif not loading and lines and RAISE.search(lines[-1]):
        hint = "Your own line raises it: is this an input that has no answer?"
    return Fault(f"{where}: {kind}: {words}", lines, hint, Kind.UNLOADED if loading else Kind.RAISED)


def _unwritten(found, task_id, lines):
    if found == task_id:
        return Fault("not written yet", (), "", Kind.UNWRITTEN)
    return Fault(f"it calls the function of task {found}, which is not written yet", lines, "", Kind.WAITING, found)


def _lines(data):
    """(number, text) of the student's lines on the way to the exception, as far as the data is that."""
    pairs = [pair for pair in data if isinstance(pair, list) and len(pair) == 2] if isinstance(data, list) else []
    return [(int(number), plain(text, 160)) for number, text in pairs if isinstance(number, int)][-3:]
