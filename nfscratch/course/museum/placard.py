"""Placard: what `nfscratch museum list` and `show` print."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from nfscratch.check.finding import Outcome
from nfscratch.check.report import LETTERS, TITLES
from nfscratch.course.museum import sight
from nfscratch.course.museum.exhibit import Bug, Form, Work, bugs
from nfscratch.course.museum.workshop import compared, formulas

WIDTH = 100
HOLDS = "."


def catalogue() -> Iterator[str]:
    """A line for each bug: its name, which check sees it, and its title."""
    kept, width = sight.kept(), max(map(len, bugs()))
    yield f"{'':{width}}  {' '.join(LETTERS)}   letters of nf.check; {HOLDS} sees nothing"
    for name, (work, bug) in bugs().items():
        if work.kind is not Form.FUNCTION:
            row = " ".join(letter if letter in kept[name] else HOLDS for letter in LETTERS)
            yield f"{name:{width}}  {row}   {bug.title}"
    yield ""
    yield f"{'':{width}}  no map, so no letter applies: how many of our own checks see it"
    for name, (work, bug) in bugs().items():
        if work.kind is Form.FUNCTION:
            count = f"{len(kept[name])} of {len(work.asks)}"
            yield f"{name:{width}}  {count:{2 * len(LETTERS) - 1}}   {bug.title}"
    yield ""
    yield "nfscratch museum show NAME: the story, the code, and its checks.   nfscratch museum quiz: write the check."


def shown(work: Work, bug: Bug) -> Iterator[str]:
    """All of one bug. The checks are run for it."""
    yield bug.title
    yield f"{bug.name}, " + (f"found in {', '.join(bug.source)}" if bug.source else "planted for this museum")
    yield from ("", *_paragraph(bug.story))
    yield from ("", "What it costs", *_paragraph(bug.cost))
    yield from ("", "What the code should do", *textwrap.indent(formulas(work), "  ").splitlines())
    yield from ("", "The code: - is right, + is what was written", "")
    yield from (f"  {line}".rstrip() for line in compared(work, bug.changes))
    yield from ("", *(_answers(work, bug) if work.kind is Form.FUNCTION else _letters(work, bug)))
    yield from ("", "What to learn", *_paragraph(bug.lesson))
    yield from ("", f"Your turn: write check_{bug.name}(layer, rng). `nfscratch museum quiz {bug.name}` says how.")


def _paragraph(words):
    return textwrap.wrap(" ".join(words.split()), WIDTH, initial_indent="  ", subsequent_indent="  ")


def _letters(work, bug):
    """The audit's table, with the name that it gives to the mistake."""
    report = sight.report(work, bug.changes)
    yield "Which check sees it: nf.check, run just now"
    for line in report.lines:
        yield f"  {line.letter}  {TITLES[line.letter]:36} {_seen(line.status)}"
    yield f"  The audit calls it: {report.failures[0].name}."


def _seen(status):
    return "SEES IT" if status in (Outcome.FAILED, Outcome.WAITING) else str(status)


def _answers(work, bug):
    yield "Which check sees it: it is no map, so these are checks of our own, run just now"
    for check, satisfied in sight.asked(work, bug.changes).items():
        yield f"  {'holds  ' if satisfied else 'SEES IT'}  {(check.__doc__ or '').strip()}"
