"""Cells: a handout as a notebook, with a cell below each task's function that checks it.

A cell that checks has the tag self-check. It is no part of a student's work: submission.py leaves it out.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from nfscratch.course.submission import CHECKS
from nfscratch.course.task import Task

Cell = dict[str, Any]
STUB = re.compile(r'^    raise NotImplementedError\("task (\d+\.\d+):', re.MULTILINE)
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


def rebuilt(notebook: str, tasks: Sequence[Task], cell_of: Callable[[Cell, list[Task]], list[Cell]]) -> str:
    """A notebook's JSON in which every cell that holds stubs became those of cell_of(cell, its tasks)."""
    data, cells = json.loads(notebook), []
    of = {task.id: task for task in tasks}
    for cell in data["cells"]:
        here = [of[id] for id in STUB.findall("".join(cell["source"]))] if cell["cell_type"] == "code" else []
        cells += cell_of(cell, here) if here else [cell]
    data["cells"] = cells
    data["metadata"]["kernelspec"] = KERNEL
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def checking(source: str, **metadata: Any) -> Cell:
    """A cell that checks."""
    id = hashlib.sha256(source.encode()).hexdigest()[:8]
    metadata = {"tags": [CHECKS], **metadata}
    return {
        "cell_type": "code",
        "id": id,
        "metadata": metadata,
        "source": source,
        "outputs": [],
        "execution_count": None,
    }
