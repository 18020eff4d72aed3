"""Properties: a folder for each chapter, in it a file for each task, and in that a function for each check.

    properties/ch04/affine_inverse.py

    def undoes(asked, rng):
        '''inverse(forward(z)) = z, for D = 2 and 5 and scattered masks'''

The file has the name of the task's function, and the check has its key in tasks/chNN.toml; the docstring is what a
report calls it. A check draws fresh inputs from rng, asks the student's function, and returns None or the first Fault.
The right answers come from another road than the student's. Vocabulary: nfscratch.course.judging.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nfscratch.course.judging.asked import Asked
from nfscratch.course.judging.fault import Fault
from nfscratch.course.task import Task


@dataclass(frozen=True)
class Check:
    """One check of a task."""

    name: str
    title: str
    points: int
    run: Callable[[Asked, Any], Fault | None]


def checks_of(number: str, task: Task) -> list[Check]:
    """The checks that decide a task, in order."""
    module = importlib.import_module(f"{__name__}.ch{number}.{task.function}")
    return [_check(module, task, name, points) for name, points in task.checks.items()]


def _check(module, task, name, points):
    run = getattr(module, name, None)
    if run is None:
        raise ValueError(f"task {task.id}: {module.__name__} has no check called {name}")
    if not (run.__doc__ or "").strip():
        raise ValueError(f"task {task.id}: check {name} must have a docstring, which reports show")
    return Check(name, run.__doc__.strip().splitlines()[0], points, run)
