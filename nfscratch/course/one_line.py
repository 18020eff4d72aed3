"""One line: how a command says a mistake of the user's."""

from __future__ import annotations

import typer


class one_line:
    """A mistake of the user's is one line, and exit code 2."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, (ValueError, OSError)):
            typer.echo(f"nfscratch: {error}", err=True)
            raise typer.Exit(2)
