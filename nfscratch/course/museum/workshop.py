"""Workshop: a work as it is, or with a bug in it: its text, the lines that differ, and the layer itself."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

import numpy as onp

from nfscratch.course.museum.exhibit import Changes, Work


def text(work: Work, changes: Changes = ()) -> str:
    """The work's text with some changes."""
    changed = work.text
    for right, wrong in changes:
        changed = changed.replace(right, wrong)
    return changed


def layer(work: Work, changes: Changes, rng: onp.random.Generator) -> Any:
    """What layer(rng) gives: the right one without changes."""
    space: dict[str, Any] = {"__name__": f"museum.{work.name}"}
    exec(compile(text(work, changes), f"{work.name}.py", "exec"), space)
    return space["layer"](rng)


def compared(work: Work, changes: Changes) -> Iterator[str]:
    """The code without its docstring, one line each: "- " before what is right, "+ " before what was written."""
    right, wrong = (_code(version).splitlines() for version in (work.text, text(work, changes)))
    return (line for line in difflib.ndiff(right, wrong) if not line.startswith("? "))


def formulas(work: Work) -> str:
    """The work's docstring."""
    return work.text.split('"""')[1].strip()


def _code(version):
    return version.split('"""', 2)[2].strip()
