"""One line: how a command says a mistake of the user's."""

from __future__ import annotations

import typer

from nfscratch import terminal


class one_line:
    """A mistake of the user's is one line, and exit code 2."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, BrokenPipeError):  # nobody reads on: no mistake, and for the whole program to end
            return
        if isinstance(error, OSError) and error.errno and error.filename is None:  # a full stdout: terminal.py says so
            return
        if isinstance(error, (ValueError, OSError)):
            said = terminal.told(error) if isinstance(error, OSError) else error
            typer.echo(f"nfscratch: {said}", err=True)
            raise typer.Exit(2)
