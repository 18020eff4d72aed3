"""Doors: the commands `nfscratch museum list`, `show NAME` and `quiz`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from nfscratch.course.one_line import one_line

app = typer.Typer(no_args_is_help=True, help="Published bugs as small code, which check sees each, and a quiz.")


@app.command("list")
def list_bugs() -> None:
    """All bugs, and which check sees each."""
    from nfscratch.course.museum.placard import catalogue

    _say(catalogue())


@app.command("show")
def show_bug(name: Annotated[str, typer.Argument(help="a bug, as `nfscratch museum list` shows them")]) -> None:
    """One bug: its story, what it costs, the lines that differ, and its checks, run just now."""
    from nfscratch.course.museum.exhibit import found
    from nfscratch.course.museum.placard import shown

    with one_line():
        _say(shown(*found(name)))


@app.command("quiz")
def quiz(
    what: Annotated[str | None, typer.Argument(help="a bug to begin with, or your file; without it, the rules")] = None,
    seed: Annotated[int | None, typer.Option(help="the seed of an earlier verdict, to repeat it")] = None,
) -> None:
    """Write the check that catches a bug. Exit code 0: every check of the file catches its bug; 1: not yet."""
    from nfscratch.course.museum import said
    from nfscratch.course.museum.exhibit import bugs, found

    with one_line():
        if what is None or what in bugs():
            _say(said.rules() if what is None else said.beginning(*found(what)))
            return
        solved = _judge(_existing(what), seed)
    raise typer.Exit(0 if solved else 1)


def _existing(what):
    path = Path(what)
    if not path.is_file():
        raise ValueError(f"quiz needs a file, or a bug that `nfscratch museum list` shows; got {what!r}")
    return path


def _judge(path: Path, seed: int | None) -> bool:
    """Judge a file's checks, say what came of them, and return whether all are solved."""
    from nfscratch.course.museum import said
    from nfscratch.course.museum.quiz import Verdict, judge_each
    from nfscratch.course.seeds import chosen
    from nfscratch.course.submission import read

    submission, seed = read(path), chosen(seed)
    judged = []
    for one in judge_each(submission, seed):
        judged.append(one)
        _say((*said.told(one), ""))
    typer.echo(said.ending(judged, submission, seed))
    return all(one.verdict is Verdict.SOLVED for one in judged)


def _say(lines: Iterable[str] | Iterator[str]) -> None:
    for line in lines:
        typer.echo(line)
