"""Otter: a test file of otter-grader for each task, tests/q4_2.py, in its format of functions that raise.

    otter check ch04_coupling.py -t tests              what a student runs
    otter generate -t tests -o autograder.zip ...      what staff make of them

A notebook has a cell grader.check("q4_2") below each task. https://otter-grader.readthedocs.io/ has the format.
"""

from __future__ import annotations

from collections.abc import Sequence

from nfscratch.course.notebooks.cells import Wanted, checking, rebuilt
from nfscratch.course.properties import checks_of
from nfscratch.course.task import Assignment, Task

FOLDER = "tests"
FILE = '''"""Task {id}, {function}: a test of otter-grader. The checks are in nfscratch.course."""

from otter.test_files import test_case

from nfscratch.course.notebooks.in_kernel import Judged

OK_FORMAT = False
name = "{name}"
points = None
task = Judged("{id}"{variant})
'''
CASE = """

@test_case(name={title!r}, points={points})
def {check}(env):
    task.passes("{check}", env)
"""


def name_of(task: Task) -> str:
    return f"q{task.id.replace('.', '_')}"


def test_files(assignment: Assignment, tasks: Sequence[Task], variant: int | None = None) -> dict[str, str]:
    """The files by name, tests/q4_2.py first."""
    return {f"{FOLDER}/{name_of(task)}.py": test_file(assignment, task, variant) for task in tasks}


def test_file(assignment: Assignment, task: Task, variant: int | None = None) -> str:
    words = "" if variant is None else f", variant={variant}"
    head = FILE.format(id=task.id, function=task.function, name=name_of(task), variant=words)
    cases = [CASE.format(title=c.title, points=c.points, check=c.name) for c in checks_of(assignment.number, task)]
    return head + "".join(cases)


def with_checks(notebook: str, wanted: Sequence[Wanted]) -> str:
    """A handout's notebook, with a cell below each task that runs its test."""
    start = checking(f'import otter\n\ngrader = otter.Notebook(tests_dir="{FOLDER}")')
    check_of = lambda task: checking(f'grader.check("{name_of(task)}")')  # noqa: E731
    return rebuilt(notebook, wanted, lambda cell, ids: None, check_of, [start])
