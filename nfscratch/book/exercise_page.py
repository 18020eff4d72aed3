"""A chapter's tasks as a page: each function without its body, in a field that the reader fills in and has judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from nfscratch import chapter
from nfscratch.book.equations import linked, tags
from nfscratch.book.reference import escaped
from nfscratch.course.handout import stub_of
from nfscratch.course.task import Assignment, Task, assigned, assignment
from nfscratch.course.variant import Variant

PAGE = """# Exercises {number}

The tasks of [{title}]({page}.ipynb): its functions, of which you write the bodies. {live}

This is for learning, not for grading: your code and the checks run in one interpreter. `nfscratch handout {number}`
writes the same tasks as an assignment, and `nfscratch grade` judges it in a process of its own.
"""
LIVE = """*Begin* starts Python in your browser. *Check*
asks your function with fresh numbers, by the checks of the course kit, and names the mistake. All other functions are
the book's, so the order is free."""
STATIC = """Copy one into a file, or write all of them with
`nfscratch handout {number} -o hw/`; in that folder `nfscratch check` names the first mistake."""


def pages(chapters: Mapping[str, Path], live: bool) -> dict[str, str]:
    """{page: text} of the chapters that have tasks."""
    names = {name[2:4]: name for name in chapters}
    with_tasks = [number for number in assigned() if number in names]
    return {f"exercises-{number}": page(assignment(number), names[number], live) for number in with_tasks}


def page(given: Assignment, name: str, live: bool) -> str:
    words = (LIVE if live else STATIC).format(number=given.number)
    head = PAGE.format(number=given.number, title=chapter.title(given.path), page=name, live=words)
    return "\n".join([head, *(line for task in given.tasks for line in _task(given, task, name))])


def _task(given: Assignment, task: Task, name: str) -> Iterator[str]:
    ask = linked(escaped(task.ask).replace("\\(", "(").replace("\\)", ")"), name, {name: tags(given.text)})
    yield from (f"## Task {task.id}: {task.function}", "", f"To write: {ask}. About {task.minutes} minutes.", "")
    yield from ("<details><summary>Hint</summary>", "", escaped(task.hint), "", "</details>", "")
    yield from (":::{container} exercise", f":name: task-{task.id.replace('.', '-')}", "")
    yield from ("```python", *stub_of(given, task, Variant.plain(given)), "```", ":::", "")
