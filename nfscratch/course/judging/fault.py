"""Fault: what is wrong with an answer, in the words that the student reads.

A message has four parts: what was found, what it should have been, the smallest input that shows it, and one hint that
is not the answer. The name is the first line, the rest are `lines`; a fault without a hint of its own gets the task's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any


class Kind(Enum):
    """What kind of trouble it is; the value says it in a table."""

    WRONG = "wrong"
    RAISED = "raises an exception"
    UNWRITTEN = "not written yet"
    WAITING = "waits for another task"
    UNLOADED = "the file cannot be used"
    MISSING = "the function is not there"
    STOPPED = "was stopped"
    UNJUDGED = "could not be judged"
    HELD = "counts only with another check"


@dataclass(frozen=True)
class Fault:
    name: str  # "the sign is flipped"
    lines: tuple[str, ...] = ()  # the numbers, and the input
    hint: str = ""
    kind: Kind = Kind.WRONG
    waits_for: str = ""  # the id of another task that is not written yet


class Stopped(Exception):
    """A check cannot go on: the student's function gave no value. It carries the fault, and the values before it."""

    def __init__(self, fault: Fault, values: Sequence[Any] = ()):
        super().__init__(fault.name)
        self.fault, self.values = fault, list(values)
