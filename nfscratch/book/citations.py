"""References: what a chapter names by its arXiv or doi number is a link, and all of them are the bibliography.

**References.** Authors (year), *title*, arXiv:1505.05770. Authors (year), *title*, doi:10.1002/cpa.21423.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

NUMBER = re.compile(r"\b(?P<kind>arXiv|doi):(?P<id>[\w./()<>-]*[\w/)>])")
WHERE = {"arXiv": "https://arxiv.org/abs/", "doi": "https://doi.org/"}
LIST = re.compile(r"^# \*\*References\.\*\* (.*)$", re.MULTILINE)
ENTRY = re.compile(r"(?P<who>[^()]+? \(\d{4}\))(?:, (?P<title>\*[^*]+\*))?, (?P<number>(?:arXiv|doi):\S+?)[.;](?: |$)")


@dataclass(frozen=True)
class Entry:
    """A paper, and the chapters that name it."""

    who: str
    title: str
    number: str
    pages: tuple[str, ...]


def linked(text: str) -> str:
    """With links to the papers."""
    return NUMBER.sub(lambda match: f"[{match.group()}]({WHERE[match['kind']]}{match['id']})", text)


def bibliography(chapters: Mapping[str, Path]) -> list[Entry]:
    """Every reference of the chapters once, in order of its authors."""
    found: dict[str, tuple[str, str, list[str]]] = {}
    for name, path in chapters.items():
        listed = LIST.search(path.read_text(encoding="utf-8"))
        for entry in ENTRY.finditer(listed[1] if listed else ""):
            who, title, pages = found.setdefault(entry["number"], (entry["who"], entry["title"] or "", []))
            found[entry["number"]] = who, title or entry["title"] or "", [*pages, name]
    entries = (Entry(who, title, number, tuple(pages)) for number, (who, title, pages) in found.items())
    return sorted(entries, key=lambda entry: entry.who.lower())
