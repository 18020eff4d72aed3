"""Lengths: how much a piece of source says, and whether a change takes away what stood twice, or the start of a row."""

from __future__ import annotations

import re

COLUMNS = re.compile(r"\w+\[:, \w*:\w*\]")
START = re.compile(r"\w\[(\d+):\]")


def drops_repeated(before: str, after: str) -> bool:
    """Whether only one of two like terms is gone, which stood one after the other: a + b, for a + b + b."""
    start = next((k for k, pair in enumerate(zip(before, after, strict=False)) if len(set(pair)) > 1), len(after))
    gone = before[start : start + len(before) - len(after)]
    whole = before[:start] + before[start + len(gone) :] == after
    first = gone.startswith(" + ") and re.search(rf"(?<![\w.)\] ]){re.escape(gone[3:] + gone)}", before)
    return whole and gone.startswith((" + ", " - ")) and (2 * gone in before or bool(first))


def length(text: str) -> int:
    """How many characters say something: brackets say in which order; a minus, a > or a .T takes nothing away.

    Some columns of a variable are what another variable may hold: they count as one name. Columns from the last to the
    first are turned: ::1 says nothing.
    """
    said = COLUMNS.sub("v", text.replace("::-1", "::back").replace("::1", "")).replace(".T", "")
    return sum(c not in "()- <>=" for c in said)


def starts_later(before: str, after: str) -> bool:
    """Whether a part of a row begins later: vs[2:] for vs[1:]."""
    starts = [[int(k) for k in START.findall(text)] for text in (before, after)]
    return len(starts[0]) == len(starts[1]) and any(a > b for b, a in zip(*starts, strict=True))
