"""Python, the package, and what it stands on: each version against the range that the package declares."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from nfscratch import __version__
from nfscratch.doctor.line import BROKEN, OK, Line

PYTHON = (3, 11)
CHECKOUT = Path(__file__).parents[2]  # where a checkout has its pyproject.toml
OPTIONAL = ("cupy", "cupy-cuda12x", "cupy-cuda13x")


def versions() -> Iterator[Line]:
    """Python, the package, and what it stands on, each against the range that the package declares."""
    python = Line(OK, f"python {platform.python_version()} on {platform.system()} {platform.machine()}")
    if sys.version_info < PYTHON:
        python = Line(BROKEN, python.what, f"nfscratch needs Python {'.'.join(map(str, PYTHON))} or newer")
    yield python
    yield Line(OK, f"nfscratch {__version__}")
    for name, allowed in requirements().items():
        yield version_line(name, installed(name), allowed)
    for name in OPTIONAL:
        if (version := installed(name)) is not None:
            yield Line(OK, f"{name} {version}")


def requirements() -> dict[str, str]:
    """Name -> range (">=1.9,<1.10") of what the package needs: of a checkout, its pyproject.toml; else as installed."""
    project = CHECKOUT / "pyproject.toml"
    if project.is_file():
        import tomllib

        declared = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["dependencies"]
    else:
        declared = metadata.requires("nfscratch") or []
    always = [text.strip() for text in declared if ";" not in text]  # ";": of an extra
    return dict(re.fullmatch(r"([\w.-]+)\s*(.*)", text).groups() for text in always)


def installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def version_line(name: str, version: str | None, allowed: str) -> Line:
    mend = f"pip install '{name}{allowed}'"
    if version is None:
        return Line(BROKEN, f"{name} is not installed", mend)
    if not within(version, allowed):
        return Line(BROKEN, f"{name} {version} is not in {allowed}", mend)
    return Line(OK, f"{name} {version}")


def within(version: str, allowed: str) -> bool:
    """Whether "1.9.1" is in ">=1.9,<1.10": the two comparisons that the package's ranges are made of."""
    number = release(version)
    for part in filter(None, allowed.split(",")):
        sign, bound = re.fullmatch(r"\s*(>=|<)\s*([\d.]+)\s*", part).groups()
        if (number < release(bound)) != (sign == "<"):
            return False
    return True


def release(version: str) -> tuple[int, ...]:
    """ "1.10.2rc1" as (1, 10, 2)."""
    return tuple(int(part) for part in re.match(r"\d+(\.\d+)*", version)[0].split("."))
