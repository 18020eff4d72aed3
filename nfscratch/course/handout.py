"""Handout: a chapter with the bodies of its task functions taken out, its tests, and half a page of instructions.

    made = make(assignment("04"), ids=["4.1", "4.3"], number=17)      some tasks, in variant 17
    made.write(Path("hw4"))

No handout leaves here that still holds a line of a solution, that does not compile, or whose tasks lack a hint: `make`
raises a ValueError that says which.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from nfscratch.checkpoint import atomic
from nfscratch.course.blanks import bodies, definition, leaked, with_stubs
from nfscratch.course.notebooks import nbgrader, otter
from nfscratch.course.notebooks.cells import Wanted
from nfscratch.course.pages import readme, settings, tests
from nfscratch.course.task import Assignment, Task
from nfscratch.course.variant import Variant


class Platform(StrEnum):
    """Whose tests a handout brings along."""

    OTTER = "otter-grader"
    NBGRADER = "nbgrader"


@dataclass(frozen=True)
class Handout:
    """Files by name, ready to be written."""

    files: dict[str, str]

    def write(self, folder: Path) -> list[Path]:
        """Write all files into a folder, or none of them; a ValueError says that one is there already."""
        there = [name for name in self.files if (folder / name).exists()]
        if there:
            raise ValueError(f"{folder / there[0]} is there already; give an empty folder, or remove it")
        folder.mkdir(parents=True, exist_ok=True)
        paths = [folder / name for name in self.files]
        try:
            for path, text in zip(paths, self.files.values(), strict=True):
                path.parent.mkdir(exist_ok=True)
                atomic.write(path, [text.encode()])
        except OSError:  # a full disk: the next call would find half a handout there already
            for path in paths:
                with suppress(OSError):
                    path.unlink()
            raise
        return paths


def make(
    assignment: Assignment, ids: Sequence[str] | None = None, number: int | None = None, notebook: bool = False,
    platform: Platform | None = None,
) -> Handout:  # fmt: skip
    """The handout of a chapter. ids: some of its tasks; number: the variant; notebook: in place of the script.

    platform: whose tests go with it; nbgrader's are in the notebook.
    """
    notebook = notebook or platform is Platform.NBGRADER
    tasks = [assignment.task(id) for id in ids] if ids else list(assignment.tasks)
    tasks = [task for task in assignment.tasks if task in tasks]
    variant = Variant.of(assignment, number)
    text = blanked(assignment, tasks, variant)
    refuse(text, assignment, tasks, variant)
    wanted = [Wanted.of(assignment, task, variant) for task in tasks]
    name = f"{assignment.path.stem}.ipynb" if notebook else assignment.path.name
    return Handout({
        name: for_platform(as_notebook(text), wanted, number, platform) if notebook else text,
        f"test_ch{assignment.number}.py": tests(assignment, tasks, variant),
        "README.md": readme(assignment, tasks, name, variant),
        "handout.toml": settings(assignment, tasks, number),
        **(otter.test_files(assignment, tasks, number) if platform is Platform.OTTER else {}),
    })  # fmt: skip


def for_platform(notebook: str, wanted: Sequence[Wanted], number: int | None, platform: Platform | None) -> str:
    """A notebook with the cells of a platform."""
    if platform is Platform.NBGRADER:
        return nbgrader.release(notebook, wanted, number)
    return otter.with_checks(notebook, wanted) if platform is Platform.OTTER else notebook


def blanked(assignment: Assignment, tasks: Sequence[Task], variant: Variant) -> str:
    """The chapter in this variant, with the bodies of these tasks taken out."""
    text = variant.applied(assignment.text, assignment)
    return with_stubs(text, {variant.name_of(task): task for task in tasks})


def refuse(text: str, assignment: Assignment, tasks: Sequence[Task], variant: Variant) -> None:
    """Raise a ValueError for a handout that must not be given out."""
    solved = variant.applied(assignment.text, assignment)
    places, lines = bodies(solved, map(variant.name_of, tasks)), solved.splitlines()
    for task, place in zip(tasks, places.values(), strict=True):
        if (line := leaked(text, lines[place.first - 1 : place.last])) is not None:
            raise ValueError(f"task {task.id}: the handout still holds a line of the solution: {line}")
        if not task.hint.strip():
            raise ValueError(f"task {task.id}: the hint is empty")
    try:
        compile(text, assignment.path.name, "exec")
    except SyntaxError as error:
        raise ValueError(f"the handout does not compile: line {error.lineno}: {error.msg}") from error


def as_notebook(text: str) -> str:
    """The same as a notebook's JSON."""
    try:
        import jupytext
    except ImportError as error:
        raise ValueError("a notebook needs jupytext; install it with: pip install jupytext") from error
    return jupytext.writes(jupytext.reads(text, fmt="py:percent"), fmt="ipynb")


def stub_of(assignment: Assignment, task: Task, variant: Variant) -> list[str]:
    """The whole function as the handout has it, for a student who wants to start again."""
    return definition(blanked(assignment, [task], variant), variant.name_of(task))
