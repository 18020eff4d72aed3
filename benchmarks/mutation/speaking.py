"""Speaking: which files of tests speak of nfscratch/check/, by themselves or by what they import of tests/support/."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

OF_CHECK = re.compile(r"\bnf\.check\b|\bnfscratch\.check\b|\bnfscratch import check\b")
IMPORTED = re.compile(r"^\s*(?:from|import) ([a-z_][\w.]*)", re.MULTILINE)


@cache
def speaks_of_check(path: Path) -> bool:
    return any(OF_CHECK.search(each.read_text()) for each in with_support(path))


def with_support(path: Path) -> set[Path]:
    """The file, the modules of tests/support/ that it imports, those that these import, and so on."""
    found, due, support = set(), [path], path.parent / "support"
    while due:
        found.add(each := due.pop())
        places = [support / name.replace(".", "/") for name in IMPORTED.findall(each.read_text())]
        files = [file for place in places for file in (place.with_suffix(".py"), place / "__init__.py")]
        due += [file for file in files if file.exists() and file not in found]
    return found
