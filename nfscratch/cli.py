"""The command line: nfscratch run NAME, list, audit MODULE:OBJECT, doctor; the course's commands and the book's."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
import typer.core

from nfscratch import backend as arrays
from nfscratch import chapter, terminal, validate
from nfscratch.arguments import check_none_is_empty
from nfscratch.book.commands import app as book
from nfscratch.course.commands import add_to
from nfscratch.mplbackend import check_mplbackend


class Commands(typer.core.TyperGroup):
    """The commands: none of them takes an empty argument."""

    def parse_args(self, context: Any, arguments: list[str]) -> list[str]:
        try:
            check_none_is_empty(arguments)
        except ValueError as error:
            _fail(error)
        return super().parse_args(context, arguments)


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def check_environment(context: typer.Context) -> None:
    """Normalizing flows from scratch: run the chapters of the book."""
    if context.invoked_subcommand in ("run", "doctor"):  # its options may overrule; it tells
        return
    try:
        arrays.check_environment()
    except (ValueError, RuntimeError) as error:
        _fail(error)


@app.command("run")
def run_chapter(
    name: Annotated[str, typer.Argument(help="a chapter: its name or its number, as `nfscratch list` shows them")],
    fast: Annotated[bool, typer.Option("--fast", help="seconds instead of a minute: fewer steps and points")] = False,
    seed: Annotated[int, typer.Option(help="the same seed gives the same numbers and pictures")] = 0,
    backend: Annotated[str | None, typer.Option(help="numpy or cupy")] = None,
    dtype: Annotated[str | None, typer.Option(help="float64 or float32")] = None,
    figures: Annotated[Path, typer.Option(help="folder for the figures")] = Path("figures"),
) -> None:
    """Run a chapter: its checks, its experiment, its figures."""
    try:
        path, seed = chapter.find(name), validate.seed(seed)
        check_mplbackend()
    except ValueError as error:
        _fail(error)
    arguments = ["--seed", str(seed), "--figures", str(figures)] + ["--fast"] * fast
    for option, value in (("--backend", backend), ("--dtype", dtype)):
        arguments += [option, value] if value else []
    chapter.run(path, arguments)


@app.command("list")
def list_chapters() -> None:
    """List the chapters."""
    for name, path in chapter.chapters().items():
        typer.echo(f"{name[2:4]}  {name[5:]:24}  {chapter.title(path)}")


@app.command("doctor")
def examine(
    figures: Annotated[Path, typer.Option(help="folder for the figures")] = Path("figures"),
) -> None:
    """Say what this installation has, what is broken (exit code 1), and what would make it faster."""
    from nfscratch import doctor

    lines = doctor.examine(figures)
    for line in lines:
        typer.echo(str(line))
    if not doctor.healthy(lines):
        raise typer.Exit(1)


@app.command("audit")
def audit_object(
    target: Annotated[
        str, typer.Argument(help="module:object, a Bijection, Flow, factory, or (forward, inverse) pair")
    ],
    dims: Annotated[
        str | None, typer.Option(help="dimensions: a pair needs them, such as 2; a factory has 1,2,5,6 without it")
    ] = None,
    dtype: Annotated[str | None, typer.Option(help="float64 or float32 alone; without it, both")] = None,
    letters: Annotated[str | None, typer.Option(help="the checks to run, such as SRJ; without it, all")] = None,
    seed: Annotated[int, typer.Option(help="the same seed tries the same points")] = 0,
) -> None:
    """Audit a map: every check, and a name for what is wrong. Exit code 0: nothing found; 1: a mistake; 2: neither."""
    from nfscratch.check.from_command import BadTarget, audit_target

    try:
        report = audit_target(target, dims, dtype, letters, seed)
    except (ValueError, TypeError, BadTarget) as error:
        _fail(error)
    raise typer.Exit(0 if report.ok else 1)


add_to(app)
app.add_typer(book, name="book")


def _fail(error: Exception) -> None:
    typer.echo(f"nfscratch: {error}", err=True)
    raise typer.Exit(2)


def main() -> None:
    with terminal.one_line_of_trouble("nfscratch"):
        app()
