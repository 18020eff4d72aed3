"""Submission: a student's file as text. A script is taken as it is, a notebook as its code cells."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

LARGEST = 5_000_000  # bytes
CHECKS = "self-check"  # the tag of a handout's cells that check, which are no part of a student's work


@dataclass(frozen=True)
class Submission:
    path: Path
    text: str


def read(path: Path) -> Submission:
    """The file at a path; a ValueError says why it cannot be read as Python's text."""
    if path.stat().st_size > LARGEST:
        raise ValueError(f"{path} must be smaller than {LARGEST:,} bytes; it has {path.stat().st_size:,}")
    text = text_of(path, "utf-8-sig")
    try:
        return Submission(path, code_of_notebook(text) if path.suffix == ".ipynb" else text)
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"{path} must be a notebook; its content is none") from error


def text_of(path: Path, encoding: str = "utf-8") -> str:
    """The text of a file; a ValueError names one that has none."""
    try:
        return path.read_text(encoding=encoding)
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} must be a text file in UTF-8") from error


def code_of_notebook(text: str) -> str:
    """The code cells that check nothing, one after the other. Lines for IPython alone (%, !, ?) become comments."""
    cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code" and not _checks(cell)]
    sources = [cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"]) for cell in cells]
    return "\n\n".join(map(plain, sources)) + "\n"


def plain(source: str) -> str:
    """A cell's source, with the lines that are for IPython alone as comments."""
    return "\n".join(map(_plain, source.splitlines()))


def _checks(cell):
    return CHECKS in cell.get("metadata", {}).get("tags", [])


def _plain(line):
    stripped = line.lstrip()
    return f"# {line}" if stripped.startswith(("%", "!", "?")) or stripped.endswith("?") else line
