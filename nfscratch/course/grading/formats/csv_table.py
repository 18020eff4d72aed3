"""CSV: one table, a line for each submission: points for each task, the sum, and the first mistake of each task."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from nfscratch.checkpoint import atomic
from nfscratch.course.grading.graded import Graded

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would compute a cell that begins so


def write(results: Sequence[Graded], folder: Path) -> list[Path]:
    path = folder / "grades.csv"
    ids = [task.id for task in results[0].tasks]
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(["submission", "points", "of", *ids, *(f"mistake in {id}" for id in ids), "seed", "file"])
    for found in results:
        points, mistakes = ([getattr(t, name) for t in found.tasks] for name in ("earned", "mistake"))
        row = [found.id, found.earned, found.points, *points, *mistakes, found.seed, found.file]
        table.writerow(map(_cell, row))
    atomic.write(path, [text.getvalue().encode()])
    return [path]


def _cell(value):
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
