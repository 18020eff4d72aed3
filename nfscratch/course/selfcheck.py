"""Self-check: a submission against the checks of its tasks. Each task runs in a child of its own.

    mark = judge(assignment, task, submission, seed)
    mark.status, mark.earned, mark.outcomes[0].fault

The same seed asks the same questions. A check that fails ends the task, unless `every` asks for the others as well: a
student reads one message at a time, a grade has partial credit.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as onp

from nfscratch.course.judging.asked import Asked, missing, raised
from nfscratch.course.judging.fault import Fault, Kind, Stopped
from nfscratch.course.properties import Check, checks_of
from nfscratch.course.sandbox.limits import Limits
from nfscratch.course.sandbox.outside import Child, Ended
from nfscratch.course.submission import Submission
from nfscratch.course.task import Assignment, Task
from nfscratch.course.variant import Variant

SHOWN = 1000  # characters of what a student's function prints


class Status(StrEnum):
    PASSED = "passes"
    FAILED = "fails"
    UNWRITTEN = "not written yet"
    WAITING = "waits"


STATUS_OF = {Kind.UNWRITTEN: Status.UNWRITTEN, Kind.WAITING: Status.WAITING}


@dataclass(frozen=True)
class Outcome:
    """What came of one check: no fault is a pass; `run` is False where an earlier fault ended the task."""

    check: Check
    fault: Fault | None = None
    run: bool = True

    @property
    def earned(self) -> int:
        return self.check.points if self.run and self.fault is None else 0


@dataclass(frozen=True)
class Mark:
    """What came of one task."""

    task: Task
    function: str  # its name in this variant
    seed: int
    outcomes: tuple[Outcome, ...]
    printed: str = ""

    @property
    def earned(self) -> int:
        return sum(outcome.earned for outcome in self.outcomes)

    @property
    def fault(self) -> Fault | None:
        return next((outcome.fault for outcome in self.outcomes if outcome.fault is not None), None)

    @property
    def status(self) -> Status:
        return Status.PASSED if self.fault is None else STATUS_OF.get(self.fault.kind, Status.FAILED)


def judge(
    assignment: Assignment, task: Task, submission: Submission, seed: int, variant: Variant | None = None,
    limits: Limits | None = None, every: bool = False,
) -> Mark:  # fmt: skip
    """One task of one submission."""
    limits, variant = limits or Limits(), variant or Variant.plain(assignment)
    checks = checks_of(assignment.number, task)
    function, outcomes, printed = variant.name_of(task), [], ""
    while len(outcomes) < len(checks) and (every or not any(o.fault for o in outcomes)):
        done, said = _in_one_child(task, function, submission, checks, len(outcomes), seed, variant.numbers, limits, every)
        outcomes, printed = outcomes + done, printed or said
    outcomes += [Outcome(check, run=False) for check in checks[len(outcomes) :]]
    return Mark(task, function, seed, tuple(outcomes), printed)


def _in_one_child(task, function, submission, checks, first, seed, numbers, limits, every):
    """Outcomes from the check number `first` on, as far as one child lives, and what it printed."""
    outcomes: list[Outcome] = []
    with Child(str(submission.path), submission.text, limits) as child:
        asked = Asked(child, function, task.id, numbers)
        unusable = _loaded(child, asked)
        for k in range(first, len(checks)):
            fault = unusable or _fault_of(checks[k], asked, onp.random.default_rng([seed, int(task.id.split(".")[1]), k]))
            outcomes.append(Outcome(checks[k], fault))
            if child.ending is not None or (fault is not None and not every):
                break
    printed = "" if child.ending is not None else child.log[:SHOWN]
    return outcomes, printed


def _loaded(child: Child, asked: Asked) -> Fault | None:
    """Load the file; the fault of a file that cannot be used."""
    try:
        reply = child.load()
    except Ended as error:
        return Fault(f"the file was not loaded: {error}", kind=Kind.STOPPED)
    if "error" in reply:
        return raised(reply["error"], asked.task_id, child.path, loading=True)
    return None if asked.function in reply["functions"] else missing(asked.function, child.text)


def _fault_of(check: Check, asked: Asked, rng: onp.random.Generator) -> Fault | None:
    asked.fault = None
    try:
        with onp.errstate(all="ignore"):
            return check.run(asked, rng)
    except Stopped as stop:
        return stop.fault
    except Ended as error:
        return Fault(str(error), kind=Kind.STOPPED)
    except Exception as error:  # a value of a kind that the check was not written for: it is no pass
        return Fault(f"the answer could not be judged ({type(error).__name__}: {error})", kind=Kind.UNJUDGED)


