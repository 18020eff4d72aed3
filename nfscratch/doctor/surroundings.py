"""What surrounds the package: the folder for figures, the folder of data, and the environment's variables."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path

from nfscratch import backend, terminal
from nfscratch.doctor.line import ABSENT, BROKEN, HINT, OK, Line
from nfscratch.mplbackend import check_mplbackend

MEND, READ = "correct it, or unset it", "let yourself read it, or name another folder"
VARIABLES = ("NFSCRATCH_BACKEND", "NFSCRATCH_DATA", "NFSCRATCH_DTYPE")


def figures_folder(folder: Path) -> Line:
    """Write a file there, and take away all that was made for it."""
    missing = [path for path in (folder, *folder.parents) if _is_missing(path)]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"nfscratch")
        return Line(OK, f"figures can be written to {folder}")
    except OSError as error:
        advice = "run where you may write, or give --figures a folder"
        return Line(BROKEN, f"figures cannot be written to {folder}: {error.strerror or error}", advice)
    finally:
        for path in missing:
            with suppress(OSError):  # it was not made, or another program has put something there meanwhile
                path.rmdir()


def _is_missing(path):
    try:
        return not path.exists()
    except OSError:  # it lies in a folder that may not be looked into
        return False


def drawing() -> Iterator[Line]:
    """Nothing, or that matplotlib cannot be imported as the environment is."""
    try:
        check_mplbackend()
    except ValueError as error:
        yield Line(BROKEN, f"{error}", MEND)


def data_folder() -> Iterator[Line]:
    """NFSCRATCH_DATA, and the sets that it holds."""
    from nfscratch.data import folder

    root, names = folder.root(), ", ".join(folder.ARCHIVES)
    if root is None:
        yield Line(ABSENT, f"{folder.VARIABLE} is not set; it names a folder for larger sets ({names})")
    elif (wrong := _unreadable(lambda: root.is_dir() and os.listdir(root))) is not None:
        yield Line(BROKEN, f"{folder.VARIABLE}={root}: {wrong}", READ)
    elif root.is_dir():
        wrong = {name: _unreadable(lambda name=name: _opened(folder.files_of(name))) for name in folder.ARCHIVES}
        held = [name for name, why in wrong.items() if why is None and folder.files_of(name)]
        yield Line(OK, f"{folder.VARIABLE}={root} holds {', '.join(held) or f'none of {names}'}")
        yield from (Line(BROKEN, f"{name}: {why}", READ) for name, why in wrong.items() if why is not None)
    elif root.exists():
        yield Line(BROKEN, f"{folder.VARIABLE}={root} is not a folder", "name a folder, or unset it")
    else:
        yield Line(BROKEN, f"{folder.VARIABLE}={root} does not exist", "make it, or correct the name")


def _unreadable(look):
    """What the system says to this look; None where it says nothing."""
    try:
        look()
    except OSError as error:
        return terminal.told(error)


def _opened(files):
    for file in files:
        file.open("rb").close()


def environment(variables: Mapping[str, str]) -> Iterator[Line]:
    """Every NFSCRATCH_ variable that is set; NFSCRATCH_DATA has its own line."""
    problems = backend.environment_problems()
    for name in sorted(variables):
        if name in problems:
            yield Line(BROKEN, problems[name], MEND)
        elif name in VARIABLES:
            if name != "NFSCRATCH_DATA":
                yield Line(OK, f"{name}={variables[name]}")
        elif name.upper().startswith("NFSCRATCH_"):
            endings = [known.removeprefix("NFSCRATCH_") for known in VARIABLES]
            close = get_close_matches(name.upper().removeprefix("NFSCRATCH_"), endings, n=1)
            meant = f"did you mean NFSCRATCH_{close[0]}?" if close else f"there are {', '.join(VARIABLES)}"
            yield Line(HINT, f"{name} is set, and nothing reads it", meant)
