"""The museum as a page: every bug with its story, the lines that differ, and which check sees it."""

from __future__ import annotations

from collections.abc import Iterator

from nfscratch.check.report import LETTERS, TITLES
from nfscratch.course.museum import sight
from nfscratch.course.museum.exhibit import Bug, Form, Work, works
from nfscratch.course.museum.workshop import compared, formulas

INTRODUCTION = """# The museum of mistakes

Each work is a small layer or function that is right, and bugs that it can have. Most of them were found in published
libraries, which are named with the issue. `nfscratch museum quiz NAME` asks you to write the check that catches a bug.
"""


def page() -> str:
    """All works, in the order of their names."""
    kept = sight.kept()
    return "\n".join(line for work in works().values() for line in _work(work, kept)).join((INTRODUCTION, "\n"))


def _work(work: Work, kept: dict[str, list[str]]) -> Iterator[str]:
    yield from ("", f"## {work.name.replace('_', ' ')}", "", "```text", formulas(work), "```")
    for bug in work.bugs:
        yield from _bug(work, bug, kept[bug.name])


def _bug(work: Work, bug: Bug, seen: list[str]) -> Iterator[str]:
    found = f"found in {', '.join(bug.source)}" if bug.source else "planted for this museum"
    yield from ("", f"### {bug.title}", "", f"`{bug.name}`, {found}.", "", bug.story)
    yield from ("", f"**What it costs.** {bug.cost}")
    yield from ("", "```diff", *compared(work, bug.changes), "```")
    yield from ("", f"**Which check sees it.** {_seen(work, seen)}")
    yield from ("", f"**What to learn.** {bug.lesson}")


def _seen(work: Work, seen: list[str]) -> str:
    if work.kind is not Form.FUNCTION:
        return "; ".join(f"{letter}, {TITLES[letter]}" for letter in LETTERS if letter in seen) + "."
    words = ", ".join(name.replace("_", " ") for name in seen)
    return f"It is no map, so no letter applies; {len(seen)} of our {len(work.asks)} own checks: {words}."
