"""Properties: a module for each chapter, and in it a function for each check of its tasks.

    def affine_inverse_undoes(asked, rng) -> Fault | None:
        '''inverse(forward(z)) = z, for D = 2, 3 and 5'''

The name is the task's function and the check's key in tasks/chNN.toml; the docstring is what a report calls it. A check
draws fresh inputs from rng, asks the student's function, and returns None or the first fault. The right answers come
from another road than the student's. Vocabulary: nfscratch.course.judging.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nfscratch.course.judging.asked import Asked
from nfscratch.course.judging.fault import Fault
from nfscratch.course.task import Assignment, Task


@dataclass(frozen=True)
class Check:
    """One check of a task."""

    name: str
    title: str
    points: int
    run: Callable[[Asked, Any], Fault | None]


def checks_of(number: str, task: Task) -> list[Check]:
    """The checks that decide a task, in order."""
    module = importlib.import_module(f"{__name__}.ch{number}")
    return [_check(module, task, name, points) for name, points in task.checks.items()]


def _check(module, task, name, points):
    run = getattr(module, f"{task.function}_{name}", None)
    if run is None:
        raise ValueError(f"task {task.id}: {module.__name__} has no function {task.function}_{name}")
    if not (run.__doc__ or "").strip():
        raise ValueError(f"task {task.id}: {task.function}_{name} must have a docstring, which reports show")
    return Check(name, run.__doc__.strip().splitlines()[0], points, run)


def unused(assignment: Assignment) -> list[str]:
    """Functions of the chapter's properties that look like checks and are in no task."""
    module = importlib.import_module(f"{__name__}.ch{assignment.number}")
    used = {f"{task.function}_{name}" for task in assignment.tasks for name in task.checks}
    functions = [task.function for task in assignment.tasks]
    public = [name for name in vars(module) if any(name.startswith(f"{f}_") for f in functions)]
    return sorted(set(public) - used)
