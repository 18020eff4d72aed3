"""Autograder: a zip for Gradescope, which holds this package, the chapters, and the two scripts that Gradescope runs.

    setup.sh          once: an environment with the packages that this one needs
    run_autograder    for each submission: nfscratch grade --gradescope, and results.json where Gradescope looks for it

Gradescope unpacks the zip into /autograder/source, and a submission into /autograder/submission. AUTOGRADER and PYTHON
stand for other places, so that both scripts can be tried elsewhere.
"""

from __future__ import annotations

import importlib.metadata
import io
import shlex
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from nfscratch import chapter
from nfscratch.checkpoint import atomic
from nfscratch.course.task import assignment
from nfscratch.course.variant import Variant

PACKAGE = "package"  # the folder in the zip that stands on the path
LEFT_OUT = ("__pycache__", "_chapters")
RUNS = 0o100755 << 16  # a file that may be executed

SETUP = """\
#!/usr/bin/env bash
set -eu
home="${AUTOGRADER:-/autograder}"
apt-get update
apt-get install -y python3 python3-venv
if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "nfscratch needs Python 3.11 or later: choose a newer base image. This one has $(python3 --version)." >&2
    exit 1
fi
python3 -m venv "$home/venv"
"$home/venv/bin/python" -m pip install -r "$home/source/requirements.txt"
"""

RUN = """\
#!/usr/bin/env bash
set -eu
home="${{AUTOGRADER:-/autograder}}"
python="${{PYTHON:-$home/venv/bin/python}}"
rm -rf "$home/handed" "$home/graded"
mkdir -p "$home/handed" "$home/results"
cp -r "$home/submission" "$home/handed/submission"
PYTHONPATH="$home/source/{package}" "$python" -m nfscratch grade "$home/handed" -o "$home/graded" {options}
cp "$home/graded/results.json" "$home/results/results.json"
"""


def write(path: Path, number: str | None, tasks: Sequence[str], variant: int | None) -> Path:
    """Write the zip for some tasks of a chapter (none: all). A ValueError says what is missing."""
    if number is None:
        raise ValueError("--gradescope-zip needs the chapter, such as --chapter 04")
    if path.suffix != ".zip":
        raise ValueError(f"--gradescope-zip must be a file that ends in .zip; got {path}")
    found = assignment(number)
    ids = [found.task(id).id for id in tasks]
    Variant.of(found, variant)  # refuses a number that is none
    options = ["--chapter", found.number, "--gradescope", *(word for id in ids for word in ("--tasks", id))]
    options += [] if variant is None else ["--rename", str(variant)]
    path.parent.mkdir(parents=True, exist_ok=True)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as into:
        _script(into, "setup.sh", SETUP)
        _script(into, "run_autograder", RUN.format(package=PACKAGE, options=shlex.join(options)))
        into.writestr("requirements.txt", "\n".join(_requirements()) + "\n")
        for file, name in _files():
            into.write(file, f"{PACKAGE}/nfscratch/{name}")
    atomic.write(path, [packed.getvalue()])
    return path


def _script(into, name, text):
    entry = zipfile.ZipInfo(name)
    entry.external_attr = RUNS
    into.writestr(entry, text)


def _requirements() -> list[str]:
    """What this package needs, without its extras."""
    return [line for line in importlib.metadata.requires("nfscratch") or [] if "extra ==" not in line]


def _files() -> Iterator[tuple[Path, str]]:
    """The files of the package and the chapters, and where they stand under nfscratch/."""
    for path in sorted(chapter.PACKAGE.rglob("*")):
        name = path.relative_to(chapter.PACKAGE)
        if path.is_file() and not set(name.parts) & set(LEFT_OUT):
            yield path, name.as_posix()
    for path in sorted(chapter.folder().glob("*.py")):
        yield path, f"_chapters/{path.name}"
