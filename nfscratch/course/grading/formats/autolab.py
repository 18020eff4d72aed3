"""Autolab: the line that an autograder's driver prints last, {"scores": {"4.1": 2, ...}}, a file for each submission.

https://docs.autolabproject.com/lab/ : every problem of the assessment has the id of a task.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from nfscratch.checkpoint import atomic
from nfscratch.course.grading.graded import Graded


def write(results: Sequence[Graded], folder: Path) -> list[Path]:
    places = [folder / f"{found.id}.autolab.json" for found in results]
    for found, path in zip(results, places, strict=True):
        atomic.write(path, [f"{line(found)}\n".encode()])
    return places


def line(found: Graded) -> str:
    return json.dumps({"scores": {task.id: task.earned for task in found.tasks}})
