"""References: what a chapter names by its arXiv or doi number is a link, and all of them are the bibliography.

**References.** Authors (year), *title*, arXiv:1505.05770. Authors (year), what it is, doi:10.1002/cpa.21423.
Authors (year), *title*, JMLR 13, 723. Authors (year), *title*, arXiv:1906.02145, and *another*, arXiv:1906.04032.

In prose, "Oliva et al." is a link to the paper whose authors begin with Oliva, where the chapter lists one such paper.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from nfscratch.book.equations import OPAQUE

NUMBER = re.compile(r"\b(?P<kind>arXiv|doi):(?P<id>[\w./()<>-]*[\w/)>])")
WHERE = {"arXiv": "https://arxiv.org/abs/", "doi": "https://doi.org/"}
MENTION = re.compile(r"(?P<name>[^\W\d_][\w-]+) et al\.(?! \(\d{4}\))")
LIST = re.compile(r"^(?:# )?\*\*References\.\*\* (.*)$", re.MULTILINE)
NEXT = re.compile(r"(?<=[.;]) (?=(?:[^.;()*]|et al\.)+\(\d{4}\))")  # a space, and behind it authors and a year
HEAD = re.compile(r"(?P<who>.+?\(\d{4}\)),? ?(?P<rest>.*)", re.DOTALL)


@dataclass(frozen=True)
class Entry:
    """A paper, and the chapters that name it. number: "arXiv:..." or "doi:...", or "" where it has none."""

    who: str
    title: str  # in asterisks, or what a chapter calls it
    number: str
    pages: tuple[str, ...]


def linked(text: str) -> str:
    """With links to the papers."""
    return NUMBER.sub(lambda match: f"[{match.group()}]({_address(match)})", text)


def _address(match):
    return f"{WHERE[match['kind']]}{match['id']}"


def papers(text: str) -> dict[str, str]:
    """{surname of the first author: address} of a chapter's references; names that begin two of them are left out."""
    found: dict[str, list[str]] = {}
    for who, _, number in _listed(text):
        if number:
            found.setdefault(re.split(r",| \(| et al", who)[0], []).append(_address(NUMBER.match(number)))
    return {name.split()[-1]: addresses[0] for name, addresses in found.items() if len(addresses) == 1}


def mentioned(text: str, papers: Mapping[str, str]) -> str:
    """With links from "Oliva et al." to a paper of Oliva's."""

    def link(match):
        return f"[{match.group()}]({papers[match['name']]})" if match["name"] in papers else match.group()

    parts = OPAQUE.split(text)
    parts[::2] = [MENTION.sub(link, part) for part in parts[::2]]
    return "".join(parts)


def bibliography(chapters: Mapping[str, Path]) -> list[Entry]:
    """Every reference of the chapters once, in order of its authors."""
    found: dict[str, tuple[str, str, str, list[str]]] = {}
    for name, path in chapters.items():
        for who, title, number in _listed(path.read_text(encoding="utf-8")):
            known = found.setdefault(number or f"{who} {title}", (who, title, number, []))
            found[number or f"{who} {title}"] = (*_fuller(known, who, title), number, [*known[3], name])
    entries = (Entry(who, title, number, tuple(pages)) for who, title, number, pages in found.values())
    return sorted(entries, key=lambda entry: (entry.who.lower(), entry.title))


def _fuller(known, who, title):
    """The authors at greatest length, and a title rather than what one chapter calls it."""
    return max(known[0], who, key=len), known[1] if known[1].startswith("*") else title or known[1]


def _listed(text: str) -> Iterator[tuple[str, str, str]]:
    """(authors and year, title, number) of each reference of a chapter."""
    listed = LIST.search(text)
    for entry in NEXT.split(listed[1] if listed else ""):
        head = HEAD.match(entry)
        if head is None:
            continue
        place = 0
        for number in NUMBER.finditer(head["rest"]):
            yield head["who"], _title(head["rest"][place : number.start()]), number.group()
            place = number.end()
        if not place:
            yield head["who"], _title(head["rest"]), ""


def _title(words):
    return words.strip(" ,.;").removeprefix("and ")
