"""Self-check: a submission against the checks of its tasks. Each task runs in a child of its own.

    mark = judge(assignment, task, submission, seed)
    mark.status, mark.earned, mark.outcomes[0].fault

The same seed asks the same questions. A check that fails ends the task, unless `every` asks for the others as well: a
student reads one message at a time, a grade has partial credit. Points that count `only_with` another check are kept
back where that one fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as onp

from nfscratch.course.judging.asked import Asked, missing, raised
from nfscratch.course.judging.fault import Fault, Kind, Stopped
from nfscratch.course.properties import Check, checks_of
from nfscratch.course.sandbox.limits import Limits
from nfscratch.course.sandbox.outside import Child, Ended, Ending
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


@dataclass(frozen=True)
class Setting:
    """How a submission is run: in which variant, within which limits, and by which kind of child."""

    variant: Variant
    limits: Limits = field(default_factory=Limits)
    every: bool = False  # whether a task's other checks are run after one that fails
    child: Callable[..., Any] = Child


def judge_each(
    assignment: Assignment, tasks: Sequence[Task], submission: Submission, seed: int, setting: Setting
) -> Iterator[Mark]:
    """Several tasks of one submission. A file that cannot be loaded is tried once."""
    unloaded: Fault | None = None
    failed: dict[str, str] = {}  # functions that fail, by task
    for task in tasks:
        if unloaded is None:
            mark = _with_cause(judge(assignment, task, submission, seed, setting), failed)
            failed |= {task.id: mark.function} if mark.status is Status.FAILED else {}
            unloaded = mark.fault if mark.fault is not None and mark.fault.kind is Kind.UNLOADED else None
        else:
            outcomes = tuple(Outcome(check, unloaded) for check in checks_of(assignment.number, task))
            mark = Mark(task, setting.variant.name_of(task), seed, outcomes)
        yield mark


def _with_cause(mark: Mark, failed: Mapping[str, str]) -> Mark:
    """The mark, whose faults say which of the functions that it calls fail, too."""
    lines = tuple(
        f"      It calls {failed[id]}, which fails, too (task {id})." for id in mark.task.needs if id in failed
    )
    return replace(mark, outcomes=tuple(_lengthened(outcome, lines) for outcome in mark.outcomes))


def _lengthened(outcome, lines):
    fault = outcome.fault
    if fault is None or fault.kind not in (Kind.WRONG, Kind.RAISED):
        return outcome
    return replace(outcome, fault=replace(fault, lines=(*fault.lines, *lines)))


def judge(
    assignment: Assignment, task: Task, submission: Submission, seed: int, setting: Setting | None = None
) -> Mark:
    """One task of one submission."""
    setting = setting or Setting(Variant.plain(assignment))
    checks, outcomes, printed = checks_of(assignment.number, task), [], ""
    while len(outcomes) < len(checks) and (setting.every or not any(o.fault for o in outcomes)):
        left = list(enumerate(checks))[len(outcomes) :]
        done, said = _in_one_child(task, submission, left, seed, setting)
        outcomes, printed = outcomes + done, printed or said
    outcomes += [Outcome(check, run=False) for check in checks[len(outcomes) :]]
    return Mark(task, setting.variant.name_of(task), seed, _counted(task, outcomes), printed)


def _counted(task, outcomes):
    """The outcomes, without the points that count only with those of another check, where that one fails."""
    of = {outcome.check.name: outcome for outcome in outcomes}
    for name, other in task.only_with.items():
        if of[name].earned and not of[other].earned:
            words = f"it passes this check, whose points count only with those of another: {of[other].check.title}"
            of[name] = Outcome(of[name].check, Fault(words, kind=Kind.HELD))
    return tuple(of.values())


def _in_one_child(task, submission, checks, seed, setting):
    """The outcomes of these checks as far as one child lives, and what it printed."""
    outcomes: list[Outcome] = []
    with setting.child(str(submission.path), submission.text, setting.limits) as child:
        asked = Asked(child, setting.variant.name_of(task), task.id, setting.variant.numbers)
        unusable = _loaded(child, asked)
        if unusable is not None and unusable.kind is Kind.UNLOADED:
            return [Outcome(check, unusable) for _, check in checks], ""
        for k, check in checks:
            rng = onp.random.default_rng([seed, int(task.id.split(".")[1]), k])
            outcomes.append(Outcome(check, unusable or _fault_of(check, asked, rng)))
            if child.ending is not None or (outcomes[-1].fault is not None and not setting.every):
                break
    return outcomes, child.written[:SHOWN]


def _loaded(child: Child, asked: Asked) -> Fault | None:
    """Load the file; the fault of a file that cannot be used."""
    try:
        reply = child.load()
    except Ended as error:
        hint = f"Does `python {child.path}` come to its end?"
        return Fault("the file was not loaded", (f"      {error}",), hint, Kind.UNLOADED)
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
        hint = "Which condition ends your loop, and when does it hold?" if error.ending is Ending.TIME else ""
        return Fault(str(error), hint=hint, kind=Kind.STOPPED)
    except Exception as error:  # a value of a kind that the check was not written for: it is no pass
        return Fault(f"the answer could not be judged ({type(error).__name__}: {error})", kind=Kind.UNJUDGED)
