"""Commands of the course: handout, check, hint, reset, progress, grade. `add_to` adds them, and the museum's."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nfscratch import validate
from nfscratch.course.museum.doors import app as museum
from nfscratch.course.one_line import one_line

TASK = "a task, such as 4.2"
Folder = Annotated[Path, typer.Option(help="the folder with your file")]
File = Annotated[Path | None, typer.Option(help="the file to test, where the folder has several")]


def handout(
    chapter: Annotated[str, typer.Argument(help="a chapter: its name or its number")],
    output: Annotated[Path, typer.Option("-o", "--output", help="the folder to write")] = Path("handout"),
    also: Annotated[list[str] | None, typer.Argument(help="tasks of it, such as 4.1 4.3; without any, all")] = None,
    tasks: Annotated[list[str] | None, typer.Option(help="the same: --tasks 4.1 4.3")] = None,
    ipynb: Annotated[bool, typer.Option("--ipynb", help="a notebook in place of the script (needs jupytext)")] = False,
    otter: Annotated[bool, typer.Option("--otter", help="with test files for otter-grader")] = False,
    nbgrader: Annotated[bool, typer.Option("--nbgrader", help="a notebook for nbgrader's folder source/")] = False,
    rename: Annotated[int | None, typer.Option(help="a variant's number: other names and constants")] = None,
) -> None:
    """Write a chapter's handout: its text, with the bodies of some functions left to the student, and a self-check."""
    from nfscratch.course.handout import Platform, make
    from nfscratch.course.task import assignment

    with one_line():
        if otter and nbgrader:
            raise ValueError("--otter and --nbgrader are two handouts: ask for one of them")
        platform = Platform.OTTER if otter else Platform.NBGRADER if nbgrader else None
        ids = [*(tasks or []), *(also or [])]
        for path in make(assignment(chapter), ids, rename, ipynb, platform).write(output):
            typer.echo(f"{path}")


def check(
    what: Annotated[str | None, typer.Argument(help="a task (4.2) or a chapter (4); without it, the file here")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="check again whenever the file is saved")] = False,
    seed: Annotated[int | None, typer.Option(help="the seed of a message, to repeat it")] = None,
    folder: Folder = Path(),
    file: File = None,
) -> None:
    """Check the tasks of your file, and name the first mistake. Exit code 0: all pass; 1: not yet."""
    from nfscratch.course import checking
    from nfscratch.course.homework import homework, target

    with one_line():
        number, ids = target(what)
        work = homework(folder, number, file)
        tasks = [work.task(id) for id in ids] or list(work.tasks)
        if watch:
            _until_interrupted(lambda: checking.watch(lambda: homework(folder, number, file), ids, typer.echo))
        marks = checking.check(work, tasks, seed, typer.echo)
    raise typer.Exit(0 if all(mark.fault is None for mark in marks) else 1)


def hint(task: Annotated[str, typer.Argument(help=TASK)]) -> None:
    """One sentence that helps with a task and is not the answer."""
    from nfscratch.course.homework import target
    from nfscratch.course.task import assignment

    with one_line():
        number, ids = target(task)
        if not ids:
            raise ValueError(f"name {TASK}; got {task!r}")
        found = assignment(number or "").task(ids[0])
        typer.echo(f"Task {found.id}, about {found.minutes} minutes: {found.hint}")


def reset(task: Annotated[str, typer.Argument(help=TASK)], folder: Folder = Path(), file: File = None) -> None:
    """Put a task's function back as the handout had it. Your file as it was is kept beside it."""
    from nfscratch.course.homework import homework, target
    from nfscratch.course.reset import reset as put_back

    with one_line():
        number, ids = target(task)
        if not ids:
            raise ValueError(f"name {TASK}; got {task!r}")
        work = homework(folder, number, file)
        copy = put_back(work, work.task(ids[0]))
        typer.echo(f"{work.path}: task {ids[0]} is as it was at the beginning. Your file as it was: {copy}")


def progress(folder: Folder = Path(), file: File = None) -> None:
    """A table of your tasks: what is done, and how many points that is."""
    from nfscratch.course import checking
    from nfscratch.course.homework import homework

    with one_line():
        checking.progress(homework(folder, None, file), typer.echo)


def grade(
    submissions: Annotated[
        Path | None, typer.Argument(help="a folder with one file, or one folder, for each student")
    ] = None,
    output: Annotated[Path, typer.Option("-o", "--output", help="the folder for the results")] = Path("results"),
    chapter: Annotated[str | None, typer.Option(help="the chapter, where the files' names do not say it")] = None,
    tasks: Annotated[list[str] | None, typer.Option(help="a task that counts, such as 4.1; without it, all")] = None,
    rename: Annotated[int | None, typer.Option(help="the variant's number, if the handout had one")] = None,
    seed: Annotated[
        int | None, typer.Option(help="the seed of an earlier run, to repeat it; without it, a new one")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="how many at a time; without it, one for each core")] = None,
    gradescope: Annotated[bool, typer.Option("--gradescope", help="results.json for each submission")] = False,
    junit: Annotated[bool, typer.Option("--junit", help="junit.xml")] = False,
    autolab: Annotated[bool, typer.Option("--autolab", help="the line of scores for each submission")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="grades.csv, which is always written")] = True,
    gradescope_zip: Annotated[
        Path | None, typer.Option("--gradescope-zip", help="write an autograder for Gradescope, and grade nothing")
    ] = None,
) -> None:
    """Grade a folder of submissions, each in a process of its own. A second run goes on where the first stopped."""
    from nfscratch.course.grading import autograder
    from nfscratch.course.grading.command import Interrupted, run

    chosen = {"gradescope": gradescope, "junit": junit, "autolab": autolab}
    formats = [name for name, wanted in chosen.items() if wanted]
    with one_line():
        if gradescope_zip is not None:
            typer.echo(f"{autograder.write(gradescope_zip, chapter, tasks or [], rename)}")
            return
        if submissions is None:
            raise ValueError("grade needs the folder of submissions")
        try:
            workers = None if workers is None else validate.count("workers", workers, least=1)
            lines = run(submissions, output, chapter, tasks or [], rename, seed, workers, formats)
        except Interrupted as stop:
            typer.echo(f"nfscratch: {stop}", err=True)
            raise typer.Exit(130) from None
        for line in lines:
            typer.echo(line)


COMMANDS = (handout, check, hint, reset, progress, grade)


def add_to(app: typer.Typer) -> None:
    for command in COMMANDS:
        app.command(command.__name__)(command)
    app.add_typer(museum, name="museum")


def _until_interrupted(run):
    try:
        run()
    except KeyboardInterrupt:
        raise typer.Exit(0) from None
