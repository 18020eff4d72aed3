"""Commands of the book: `nfscratch book build`, `nfscratch book serve`."""

from __future__ import annotations

import functools
import http.server
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from nfscratch import terminal, validate
from nfscratch.mplbackend import check_mplbackend

NEEDED = ("sphinx", "myst_nb", "jupytext", "furo", "nbclient", "ipykernel")
HERE = "127.0.0.1"  # the address of this machine that no other one reaches

app = typer.Typer(no_args_is_help=True, help="The book as web pages.")


@app.command("build")
def build(
    output: Annotated[Path, typer.Option("--output", "-o", help="the folder for the site")] = Path("site"),
    fast: Annotated[bool, typer.Option("--fast", help="chapters run with few steps")] = False,
    chapter: Annotated[list[str] | None, typer.Option(help="only this chapter; can be repeated")] = None,
    pyodide: Annotated[
        str | None, typer.Option(help="a folder with Pyodide's distribution, or its address: cells run in the browser")
    ] = None,
) -> None:
    """Run the chapters, and write them as pages. What has not changed is not run again."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        _fail(f"the book needs {', '.join(missing)}; install the extra: pip install '.[book]'")
    try:
        check_mplbackend()
    except ValueError as error:
        _fail(str(error))
    from nfscratch import chapter as chapters
    from nfscratch.book import site

    try:
        site.build(output, fast=fast, only=tuple(chapters.find(name).stem for name in chapter or ()), pyodide=pyodide)
    except OSError as error:
        _fail(terminal.told(error))
    except (site.BookError, ValueError) as error:
        _fail(str(error))
    typer.echo(output / "index.html")


class Handler(http.server.SimpleHTTPRequestHandler):
    """Files, with the two headers without which a browser gives Python no shared memory, and so no interruption."""

    def end_headers(self) -> None:
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@app.command("serve")
def serve(
    folder: Annotated[Path, typer.Argument(help="the site")] = Path("site"),
    port: Annotated[int, typer.Option(help="0 takes one that is free")] = 8000,
) -> None:
    """Show the site at an address of this machine, until Ctrl-C."""
    if not (folder / "index.html").is_file():
        _fail(f"{folder} must hold a site with index.html; make one with: nfscratch book build -o {folder}")
    with _server(folder, port) as server:
        typer.echo(f"http://{HERE}:{server.server_port}/   (Ctrl-C ends it)")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return


def _server(folder, port):
    try:
        address = (HERE, validate.count("port", port, most=65535))
        return http.server.ThreadingHTTPServer(address, functools.partial(Handler, directory=folder))
    except ValueError as error:
        _fail(str(error))
    except OSError as error:  # another program has the port, or it is not for everybody
        _fail(f"port {port} of {HERE} cannot be used: {error.strerror or error}; give another one with --port")


def _fail(message: str) -> None:
    typer.echo(message, err=True)
    raise typer.Exit(1)
