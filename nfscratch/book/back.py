"""Pages at the back of the book: references, symbols and letters, directions, and the audit of other libraries.

The last two are parts of README.md and benchmarks/AUDIT.md. A site that is built where these files are not has no such
pages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from nfscratch import chapter
from nfscratch.book import citations, equations
from nfscratch.check.report import LETTERS, TITLES

ROOT = chapter.PACKAGE.parent
DIRECTIONS = re.compile(r"^## (Which way is forward\?\n.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)
SYMBOLS = re.compile(r"^# \| symbol \|.*?$\n# \|[-|]+\|$\n((?:# \|.*\n)+)", re.MULTILINE)


def pages(chapters: Mapping[str, Path]) -> dict[str, str]:
    """{page: text} of this module's pages."""
    made = {"bibliography": bibliography(chapters), "symbols": symbols(chapters)}
    readme, audit = ROOT / "README.md", ROOT / "benchmarks" / "AUDIT.md"
    if readme.is_file():
        made["directions"] = directions(readme.read_text(encoding="utf-8"))
    if audit.is_file():
        made["audit"] = audit.read_text(encoding="utf-8")
    return made


def bibliography(chapters: Mapping[str, Path]) -> str:
    """All references, each with the chapters that name it."""
    lines = ["# Bibliography", "", "Every paper that a chapter lists, and the chapters that list it.", ""]
    for entry in citations.bibliography(chapters):
        named = ", ".join(f"[{page[2:4]}]({page}.ipynb)" for page in entry.pages)
        parts = [entry.who, entry.title, citations.linked(entry.number)]
        lines.append(f"- {', '.join(filter(None, parts))}. Chapters: {named}.")
    return "\n".join([*lines, ""])


def symbols(chapters: Mapping[str, Path]) -> str:
    """The symbols of chapter 00's table, and the letters of the audit."""
    lines = ["# Symbols and check letters", ""]
    rows = _symbols_of(chapters.get("ch00_start"))
    if rows:
        lines += ["## Symbols", "", "| symbol | meaning |", "|---|---|", *rows, ""]
    lines += ["## Letters of the checks", "", LETTERS_ARE, "", "| letter | what it checks |", "|---|---|"]
    lines += [f"| **{letter}** | {TITLES[letter]} |" for letter in LETTERS]
    return "\n".join([*lines, ""])


LETTERS_ARE = """`nf.check.audit` runs these checks in this order, and chapters print their letters beside what they
compare. In a chapter, = stands for one number that two formulas give."""


def _symbols_of(path: Path | None) -> list[str]:
    found = SYMBOLS.search(path.read_text(encoding="utf-8")) if path else None
    rows = equations.in_tables(found[1].replace("# |", "|")).splitlines() if found else []
    cells = [row.strip().strip("|").split("|") for row in rows]
    return [f"| {row[0].strip()} | {row[1].strip()} |" for row in cells]


def directions(readme: str) -> str:
    """README's table of what other libraries call forward."""
    found = DIRECTIONS.search(readme)
    if found is None:
        raise ValueError("README.md must have a section 'Which way is forward?'")
    return f"# {found[1]}"
