"""Gradescope: results.json of one submission, with a test for each check.

https://gradescope-autograders.readthedocs.io/en/latest/specs/ has the fields. One submission alone is written to
FOLDER/results.json, where Gradescope looks for it; several to FOLDER/ID/results.json.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nfscratch.checkpoint import atomic
from nfscratch.course.grading.graded import Graded, GradedCheck, GradedTask

VISIBLE, HIDDEN = "visible", "hidden"


def write(results: Sequence[Graded], folder: Path) -> list[Path]:
    alone = len(results) == 1
    places = [folder / "results.json" if alone else folder / found.id / "results.json" for found in results]
    for found, path in zip(results, places, strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.write(path, [f"{json.dumps(as_data(found), indent=1)}\n".encode()])
    return places


def as_data(found: Graded) -> dict[str, Any]:
    pairs = [(task, check) for task in found.tasks for check in task.checks]
    return {
        "score": found.earned,
        "execution_time": round(found.seconds),
        "output": found.trouble or f"Tested: {Path(found.file).name}, seed {found.seed}",
        "visibility": VISIBLE,
        "stdout_visibility": HIDDEN,
        "tests": [_test(task, check, f"{task.id}.{k}") for task, check, k in _numbered(pairs)],
    }


def _numbered(pairs):
    return [(task, check, task.checks.index(check) + 1) for task, check in pairs]


def _test(task: GradedTask, check: GradedCheck, number: str) -> dict[str, Any]:
    return {
        "name": f"{task.function}: {check.title}",
        "number": number,
        "score": check.earned,
        "max_score": check.points,
        "status": "passed" if check.earned == check.points else "failed",
        "output": check.message,
        "visibility": VISIBLE,
        "tags": [f"task {task.id}"],
    }
