"""Said: what the quiz tells a student, before and after."""

from __future__ import annotations

from collections.abc import Iterator

from nfscratch.course.judging.shown import plain
from nfscratch.course.museum.exhibit import Bug, Form, Work, bugs
from nfscratch.course.museum.quiz import BROKEN, PREFIX, RIGHTS, Judged, Verdict
from nfscratch.course.submission import Submission

UNPACKED = {
    Form.MAP: "forward, inverse = layer",
    Form.DENSITY: "forward, inverse, log_prob = layer",
}


def rules() -> Iterator[str]:
    """What the quiz is, and which bugs it has."""
    yield "Write a check that catches a bug: a function check_NAME(layer, rng) in a file of yours."
    yield "  Where the layer is right, it returns True, or nothing. Where it is wrong: False, or an exception."
    yield f"  It is shown {RIGHTS} right layers, and {BROKEN} of each mutant, all with other parameters."
    yield "  A check that refuses a right layer gets no points. Otherwise each mutant that it catches earns a share."
    yield "  It may use NumPy, SciPy and autograd. rng is numpy.random.default_rng of a seed."
    yield ""
    yield "nfscratch museum quiz NAME          what the layer is, and a file to begin with"
    yield "nfscratch museum quiz checks.py     judges all checks of a file"
    yield ""
    yield "The bugs: " + ", ".join(bugs())


def beginning(work: Work, bug: Bug) -> Iterator[str]:
    """A file to begin with, for one bug."""
    yield f'"""{bug.title}. The layer:'
    yield ""
    yield from work.text.split('"""')[1].strip().splitlines()
    yield ""
    yield f"{work.given}."
    yield '"""'
    yield from ("", "import numpy as np", "", "")
    yield f"def {PREFIX}{bug.name}(layer, rng):"
    if work.kind is Form.FUNCTION:
        yield f"    {work.given.split('(')[0]} = layer"
    else:
        yield f"    {UNPACKED[work.kind]}"
    yield f'    raise NotImplementedError("{PREFIX}{bug.name}: True where the layer is right")'


def told(judged: Judged) -> Iterator[str]:
    """One check: the verdict, and mutant by mutant."""
    yield f"{PREFIX}{judged.bug.name}: {judged.verdict.value}"
    reason = {Verdict.NO_ANSWER: judged.silent, Verdict.FALSE_ALARM: judged.alarm}.get(judged.verdict)
    if reason is not None:
        yield f"  {reason.words or 'it returned False'}"
    else:
        mutants = judged.work.mutants(judged.bug)
        for mutant in mutants:
            yield f"  {'caught' if judged.catches(mutant) else 'missed'}  {_named(judged, mutant)}"
        yield f"  {sum(map(judged.catches, mutants))} of {len(mutants)} mutants"
    if reason is not None and judged.printed.strip():
        yield f"  Your code printed: {plain(judged.printed, 500)}"


def _named(judged, mutant):
    words = mutant.title if isinstance(mutant, Bug) else mutant.name
    caught = sum(bool(answer.caught) for answer in judged.of(mutant))
    some = "" if caught in (0, BROKEN) else f"   (caught in {caught} of {BROKEN} layers: ask more points)"
    return f"{words}{some}"


def ending(judged: list[Judged], submission: Submission, seed: int) -> str:
    solved = sum(j.verdict is Verdict.SOLVED for j in judged)
    points = sum(j.score for j in judged)
    return (
        f"{solved} of {len(judged)} checks catch their bug, {points:.2f} of {len(judged)} points.   "
        f"Repeat with: nfscratch museum quiz {submission.path} --seed {seed}"
    )
