"""One line: how a command says a mistake of the user's."""

from __future__ import annotations

import typer

from nfscratch import terminal


class one_line:
    """A mistake of the user's is one line, and exit code 2."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, (ValueError, OSError)):
            of_the_system = isinstance(error, OSError) and error.strerror is not None
            said = terminal.told(error) if of_the_system else error
            typer.echo(f"nfscratch: {said}", err=True)
            raise typer.Exit(2)
