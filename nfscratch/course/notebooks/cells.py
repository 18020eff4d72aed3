"""Cells: a handout as a notebook, with a cell below each task's function that checks it.

A cell that checks has the tag self-check. It is no part of a student's work: submission.py leaves it out.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from nfscratch.course.submission import CHECKS
from nfscratch.course.task import Assignment, Task
from nfscratch.course.variant import Variant

Cell = dict[str, Any]
Written = Callable[[Cell, list[str]], None]
STUB = re.compile(r'^    raise NotImplementedError\("task (\d+\.\d+):', re.MULTILINE)
DEFINED = re.compile(r"^def (\w+)\(", re.MULTILINE)
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


@dataclass(frozen=True)
class Wanted:
    """A task that is to be checked, and the functions that have to be there: its own, and those that it needs."""

    task: Task
    functions: frozenset[str]

    @classmethod
    def of(cls, assignment: Assignment, task: Task, variant: Variant) -> Wanted:
        return cls(task, frozenset(variant.name_of(assignment.task(id)) for id in (task.id, *task.needs)))


def rebuilt(
    notebook: str, wanted: Sequence[Wanted], written: Written, check_of: Callable[[Task], Cell],
    first: Sequence[Cell] = (),
) -> str:  # fmt: skip
    """A notebook's JSON with a cell check_of(task) for each task, as soon as its function can be called.

    `written` is told of each cell that holds stubs, and of their tasks. The notebook begins with `first`.
    """
    data, cells, left, there = json.loads(notebook), list(first), list(wanted), set()
    for cell in data["cells"]:
        source = "".join(cell["source"]) if cell["cell_type"] == "code" else ""
        if ids := STUB.findall(source):
            written(cell, ids)
        there.update(DEFINED.findall(source))
        cells += [cell, *(check_of(one.task) for one in left if one.functions <= there)]
        left = [one for one in left if not one.functions <= there]
    data["cells"], data["metadata"]["kernelspec"] = cells, KERNEL
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def checking(source: str, **metadata: Any) -> Cell:
    """A cell that checks."""
    id = hashlib.sha256(source.encode()).hexdigest()[:8]
    metadata = {"tags": [CHECKS], **metadata}
    cell = {"cell_type": "code", "id": id, "metadata": metadata, "source": source}
    return cell | {"outputs": [], "execution_count": None}
