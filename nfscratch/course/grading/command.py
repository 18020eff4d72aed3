"""The command: nfscratch grade SUBMISSIONS -o RESULTS. A table, a report of the class, and what a platform reads."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from nfscratch.course.grading import class_report
from nfscratch.course.grading.collect import chapter_in, check_apart, check_chapter, collected
from nfscratch.course.grading.formats import autolab, csv_table, gradescope, junit
from nfscratch.course.grading.grade import grade, job
from nfscratch.course.sandbox.barriers import warning
from nfscratch.course.task import assignment
from nfscratch.mplbackend import check_mplbackend
from nfscratch.terminal import is_a_terminal

FORMATS: dict[str, Any] = {"gradescope": gradescope, "junit": junit, "autolab": autolab}


class Interrupted(Exception):
    """Ctrl-C, and what became of the work."""


def run(
    submissions: Path, results: Path, chapter: str | None, tasks: Sequence[str], variant: int | None,
    seed: int | None, workers: int | None, formats: Sequence[str],
) -> list[str]:  # fmt: skip
    """Grade a folder; the lines that the command says."""
    check_mplbackend()  # the report is drawn when all is judged
    check_apart(submissions, results)
    number = assignment(chapter_in(submissions) if chapter is None else chapter).number
    handed = collected(submissions, number, results)
    if "gradescope" not in formats:  # there the student reads which file this is: a run without results says nothing
        check_chapter(submissions, number, handed)
    what = job(number, tasks, variant, seed, results)
    with Progress(transient=True, disable=not is_a_terminal(sys.stderr), console=Console(stderr=True)) as progress:
        bar = progress.add_task(f"chapter {what.number}", total=len(handed))
        try:
            found = grade(handed, what, results, workers, lambda done, _: progress.update(bar, completed=done))
        except KeyboardInterrupt:
            raise Interrupted(f"stopped; what is judged stays in {results}, and the same command goes on") from None
    paths = [*csv_table.write(found, results), *class_report.write(found, results)]
    written = [len(FORMATS[name].write(found, results)) for name in formats]
    lines = [f"  {one.id:30} {one.earned:3} of {one.points}   {one.trouble}".rstrip() for one in found]
    lines += [_seeds(found, what), *map(str, paths), *([f"warning: {words}"] if (words := warning()) else [])]
    return lines + [f"{results}: {n} for {name}" for name, n in zip(formats, written, strict=True)]


def _seeds(found, what):
    """The seed of this run, and for how many submissions it counted."""
    kept = sum(one.seed != what.seed_of(one.id) for one in found)
    return f"seed of this run {what.seed}" + (f"; {kept} results stayed from earlier runs" if kept else "")
