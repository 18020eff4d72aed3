"""Chapters as files: where they are, how one is found by name, and the options that each of them takes.

A chapter is a script in percent format. It is run, never imported: `python chapters/ch04_coupling.py --fast`, or
`nfscratch run coupling --fast` from anywhere. Opened as a notebook it shows its figures where they are drawn.
"""

from __future__ import annotations

import argparse
import difflib
import errno
import os
import runpy
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nfscratch import backend, notebook, terminal
from nfscratch.arguments import check_none_is_empty
from nfscratch.checkpoint import atomic
from nfscratch.excerpt import excerpt

PACKAGE = Path(__file__).parent
LARGEST_SEED = 2**31  # a chapter may add to its seed, and scikit-learn takes seeds below 2**32
OPTIONS = "NFSCRATCH_CHAPTER"  # this variable holds the options of a chapter in a notebook, such as "--fast"


@dataclass(frozen=True)
class Options:
    """What a chapter's command line said."""

    fast: bool = False  # seconds instead of a minute: fewer steps and points, the same checks
    seed: int = 0
    figures: Path = Path("figures")
    dtype: str | None = None  # None: each part of the chapter takes what suits it

    def save(self, figure: Any, name: str) -> Path:
        """Write a figure as `name`.png, and say where."""
        self.figures.mkdir(parents=True, exist_ok=True)
        path = self.figures / f"{name}.png"
        try:
            atomic.check_place(path)  # a pipe would wait for its reader
        except (OSError, ValueError) as error:
            raise SystemExit(str(error)) from None
        try:
            figure.savefig(path)
        except OSError as error:  # a full disk
            path.unlink(missing_ok=True)
            raise SystemExit(f"{path} cannot be written: {error.strerror or error}") from None
        print(f"  figure: {path}")
        if notebook.running():
            notebook.show(figure)
        return path


def options(argv: Sequence[str] | None = None) -> Options:
    """Parse a chapter's command line, and switch the backend as it says. In a notebook OPTIONS takes its place."""
    if argv is None:
        argv = shlex.split(os.environ.get(OPTIONS, "")) if notebook.running() else sys.argv[1:]
    parser = argparse.ArgumentParser(description="A chapter of nfscratch.")
    parser.add_argument("--fast", action="store_true", help="seconds instead of a minute: fewer steps and points")
    parser.add_argument("--seed", type=_seed, default=0, help="the same seed gives the same numbers and pictures")
    parser.add_argument("--backend", default=None, help=f"one of {', '.join(backend.BACKENDS)}")
    parser.add_argument("--dtype", default=None, help=f"one of {', '.join(backend.DTYPES)}")
    parser.add_argument("--figures", type=Path, default=Path("figures"), help="folder for the figures")
    given = parser.parse_args(argv)
    terminal.spell_out()
    try:
        check_none_is_empty(sys.argv[1:] if argv is None else argv)
        backend.use(given.backend, given.dtype)
        backend.check_environment()
        _check_folder(given.figures)
    except OSError as error:
        parser.exit(2, f"{parser.prog}: {terminal.told(error)}\n")
    except (ValueError, RuntimeError) as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    return Options(given.fast, given.seed, given.figures, given.dtype)


def _seed(text):
    """The --seed of a command line."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 0; got {excerpt(text)}")
    if len(text.lstrip("0")) > len(str(LARGEST_SEED)) or int(text) > LARGEST_SEED:
        raise argparse.ArgumentTypeError(f"must be at most {LARGEST_SEED}; got {excerpt(text)}")
    return int(text)


def _check_folder(figures):
    """OSError where no figure could be written: said before a chapter runs, and not after a minute of it."""
    figures.mkdir(parents=True, exist_ok=True)
    if not os.access(figures, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(figures))


def folder() -> Path:
    """chapters/ beside the package in a checkout, or the copy inside an installed package."""
    checkout = PACKAGE.parent / "chapters"
    return checkout if (PACKAGE.parent / "pyproject.toml").is_file() and checkout.is_dir() else PACKAGE / "_chapters"


def chapters() -> dict[str, Path]:
    """Every chapter by its name ("ch04_coupling"), in order."""
    return {path.stem: path for path in sorted(folder().glob("ch[0-9][0-9]_*.py"))}


def find(name: str) -> Path:
    """The chapter called "ch04_coupling", "coupling", "ch04", "04" or "4"."""
    known = chapters()
    number = name.removeprefix("ch")
    for stem, path in known.items():
        if name in (stem, stem[5:], path.name) or (
            number.isascii() and number.isdecimal() and int(number) == int(stem[2:4])
        ):
            return path
    names = [stem[5:] for stem in known]
    close = difflib.get_close_matches(name, names, n=1)
    hint = f" (did you mean {close[0]!r}?)" if close else ""
    raise ValueError(f"no chapter called {excerpt(name)}; there are: {', '.join(names)}{hint}")


def title(path: Path) -> str:
    """The chapter's first heading."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return next((line.removeprefix("# # ") for line in lines if line.startswith("# # ")), path.stem)


def run(path: Path, arguments: Sequence[str]) -> None:
    """Run a chapter as `python path arguments` would."""
    before = sys.argv
    sys.argv = [str(path), *arguments]
    try:
        runpy.run_path(str(path), run_name="__main__")
    finally:
        sys.argv = before
