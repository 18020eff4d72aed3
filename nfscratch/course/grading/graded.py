"""Graded: what came of one submission, as data that is written to results/ID.json and read again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nfscratch.course.selfcheck import Mark, Outcome
from nfscratch.course.summary import told


@dataclass(frozen=True)
class GradedCheck:
    name: str
    title: str
    points: int
    earned: int
    mistake: str = ""  # its name
    message: str = ""  # in full


@dataclass(frozen=True)
class GradedTask:
    id: str
    function: str
    status: str
    checks: tuple[GradedCheck, ...]

    @property
    def points(self) -> int:
        return sum(check.points for check in self.checks)

    @property
    def earned(self) -> int:
        return sum(check.earned for check in self.checks)

    @property
    def mistake(self) -> str:
        """The first one."""
        return next((check.mistake for check in self.checks if check.mistake), "")


@dataclass(frozen=True)
class Graded:
    """One submission. `key` tells whether a file of an earlier run is still valid."""

    id: str
    file: str
    seed: int
    key: str
    seconds: float
    tasks: tuple[GradedTask, ...]
    trouble: str = ""  # why there was no file to judge

    @property
    def points(self) -> int:
        return sum(task.points for task in self.tasks)

    @property
    def earned(self) -> int:
        return sum(task.earned for task in self.tasks)

    def as_json(self) -> str:
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"


def of_json(text: str) -> Graded:
    """The same again; a ValueError, KeyError or TypeError says that the text is none."""
    data: dict[str, Any] = json.loads(text)
    tasks = tuple(
        GradedTask(**{**task, "checks": tuple(GradedCheck(**check) for check in task["checks"])})
        for task in data["tasks"]
    )
    return Graded(**{**data, "tasks": tasks})


def of_mark(mark: Mark) -> GradedTask:
    return GradedTask(mark.task.id, mark.function, str(mark.status), tuple(_check(mark, o) for o in mark.outcomes))


def _check(mark: Mark, outcome: Outcome) -> GradedCheck:
    check, fault = outcome.check, outcome.fault
    words = ("", "") if fault is None else (fault.name, "\n".join(told(mark, fault)))
    return GradedCheck(check.name, check.title, check.points, outcome.earned, *words)


def key_of(*parts: Any) -> str:
    """A short fingerprint of what a grade depends on."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def earlier(file: Path, key: str) -> Graded | None:
    """The result of an earlier run, if it is of the same submission and tasks."""
    try:
        found = of_json(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if found.key == key else None
