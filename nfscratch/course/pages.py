"""Pages: the texts that go with a handout: its README, its tests, and its settings."""

from __future__ import annotations

from collections.abc import Sequence

from nfscratch import chapter
from nfscratch.course.task import Assignment, Task
from nfscratch.course.variant import Variant

README = """# {title}

The tasks of chapter {number}: {count} functions of `{name}`, of which you write the bodies. Each has its
place in the text: read the text up to it, then replace the line `raise NotImplementedError(...)`. {needs}

| task | function | what | minutes | points |
|---|---|---|---|---|
{rows}

Check your work in this folder, as often as you like:

```
pytest                      every task: the first mistake in full, the others in a line
nfscratch check {first}         one task; `nfscratch check {short} --watch` checks again whenever you save the file
nfscratch hint {first}          one sentence that is not the answer
nfscratch reset {first}         the task's function as it was at the beginning
nfscratch progress          what is done, and how many points that is
```

The checks draw new inputs every time. A message prints the seed that repeats it. Your functions need NumPy alone: the
checks run them without the package, in a process with {seconds} s and {memory} GB. When all tasks pass, `python {name}`
runs the whole chapter.
"""

TESTS = '''"""The self-check of chapter {number}: run `pytest` in this folder. The checks are in nfscratch.course."""

import pytest

from nfscratch.course.pytest_tasks import Folder

tasks = Folder(__file__)
'''

TEST = """

@pytest.mark.task(id="{id}", points={points})
def test_{function}():
    tasks.check("{id}")
"""


def readme(assignment: Assignment, tasks: Sequence[Task], name: str, variant: Variant) -> str:
    from nfscratch.course.sandbox.limits import GIBIBYTE, Limits

    rows = [_row(task, variant.name_of(task)) for task in tasks]
    needing = [f"Task {t.id} calls the function of {' and '.join(t.needs)}." for t in tasks if t.needs]
    return README.format(
        title=chapter.title(assignment.path), number=assignment.number, count=len(tasks), name=name,
        needs=" ".join(needing) or "They do not call one another.", rows="\n".join(rows), first=tasks[0].id,
        short=int(assignment.number), seconds=Limits().processor, memory=Limits().memory // GIBIBYTE,
    )  # fmt: skip


def _row(task, function):
    ask = task.ask.replace("|", "\\|")  # a bar ends a cell
    return f"| {task.id} | `{function}` | {ask} | {task.minutes} | {task.points} |"


def tests(assignment: Assignment, tasks: Sequence[Task], variant: Variant) -> str:
    each = [TEST.format(id=t.id, points=t.points, function=variant.name_of(t)) for t in tasks]
    return TESTS.format(number=assignment.number) + "".join(each)


def settings(assignment: Assignment, tasks: Sequence[Task], number: int | None) -> str:
    """handout.toml: what the commands in this folder need to know."""
    lines = ["# What this folder holds; `nfscratch check` reads it.", f'chapter = "{assignment.number}"']
    lines += ["tasks = [" + ", ".join(f'"{t.id}"' for t in tasks) + "]"]
    return "\n".join([*lines, *([] if number is None else [f"variant = {number}"])]) + "\n"
