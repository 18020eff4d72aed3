"""Nbgrader: a handout's notebook with the cells of nbgrader: a cell to write in, and below it one that gives points.

    nbgrader generate_assignment hw4       source/hw4/ch04_coupling.ipynb, which this makes, into release/hw4/
    nbgrader autograde hw4                 submitted/STUDENT/hw4/ch04_coupling.ipynb, with partial credit for each check

The last value of a cell that gives points is a number from 0 to the cell's points, which nbgrader takes as they are.
https://nbgrader.readthedocs.io/en/stable/contributor_guide/metadata.html has the metadata.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from nfscratch.course.notebooks.cells import Cell, Wanted, checking, rebuilt
from nfscratch.course.task import Task

SCHEMA = 3
POINTS = """from nfscratch.course.notebooks.in_kernel import points

points("{id}", globals(){variant})"""
WHOLE_STUB = r'^(    raise NotImplementedError\("(task .*)"\))$'
REGION = r"""    # \2
    ### BEGIN SOLUTION
\1
    ### END SOLUTION"""


def release(notebook: str, wanted: Sequence[Wanted], variant: int | None = None) -> str:
    """The notebook of an assignment, for the folder source/. It holds no solution."""

    def written(cell, ids):
        name = f"write-{'-'.join(ids)}".replace(".", "-")
        cell["metadata"]["nbgrader"] = _data(name, solution=True)
        cell["source"] = _with_regions("".join(cell["source"]))

    return rebuilt(notebook, wanted, written, lambda task: _grading(task, variant))


def _with_regions(source):
    """The lines that nbgrader replaces by its own, and above them what is to be written, which stays."""
    return re.sub(WHOLE_STUB, REGION, source, flags=re.MULTILINE)


def _grading(task: Task, variant: int | None) -> Cell:
    words = "" if variant is None else f", variant={variant}"
    source = POINTS.format(id=task.id, variant=words)
    return checking(source, nbgrader=_data(f"points-{task.id.replace('.', '-')}", grade=True, points=task.points))


def _data(grade_id, **given):
    flags = {"grade": False, "solution": False, "task": False, "locked": bool(given.get("grade"))}
    return {"schema_version": SCHEMA, "grade_id": grade_id, **flags, **given}
