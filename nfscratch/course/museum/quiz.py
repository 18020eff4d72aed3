"""Quiz: a student's checks, each judged by the mutants that it catches, and by whether it lets the right layer pass.

    def check_NAME(layer, rng): True, or no result at all: it is right.   False, or an exception: it is wrong.

The student's file runs in the child of course/sandbox. The layer stays here, and the child asks for its values: no
source can be read there. Right and broken layers come with new parameters each time, in an order that is drawn.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as onp

from nfscratch.course.judging.shown import kind, plain
from nfscratch.course.museum.exhibit import Bug, Form, Mutant, Work, bugs
from nfscratch.course.museum.workshop import layer
from nfscratch.course.sandbox.limits import Limits
from nfscratch.course.sandbox.outside import Child, Ended
from nfscratch.course.sandbox.wire import Draws
from nfscratch.course.submission import Submission

PREFIX = "check_"
RIGHT = Mutant("the right one", ())
RIGHTS, BROKEN = 5, 3  # layers of each kind that a check is shown
LIMITS = Limits(processor=5, wall=30.0)  # a check needs half a second; a file may have 25 that hang
NO_VERDICT = ("SystemExit", "MemoryError", "NotImplementedError", "KeyboardInterrupt")


class Verdict(Enum):
    """What is said of one check; the value says it."""

    SOLVED = "it lets the right layer pass, and catches the bug"
    FALSE_ALARM = "it refuses a layer that is right"
    MISSED = "it lets the bug pass"
    NO_ANSWER = "it gave no answer"


@dataclass(frozen=True)
class Answer:
    """What a check said of one layer. caught is None where it said nothing."""

    mutant: Mutant
    caught: bool | None
    words: str = ""  # of its exception, or why it said nothing


@dataclass(frozen=True)
class Judged:
    """One check of a file."""

    work: Work
    bug: Bug
    answers: tuple[Answer, ...]
    printed: str = ""

    def of(self, mutant: Mutant) -> list[Answer]:
        return [answer for answer in self.answers if answer.mutant is mutant]

    def catches(self, mutant: Mutant) -> bool:
        """Whether it caught every layer that has this bug."""
        return bool(self.of(mutant)) and all(answer.caught for answer in self.of(mutant))

    @property
    def silent(self) -> Answer | None:
        return next((answer for answer in self.answers if answer.caught is None), None)

    @property
    def alarm(self) -> Answer | None:
        return next((answer for answer in self.of(RIGHT) if answer.caught), None)

    @property
    def verdict(self) -> Verdict:
        if self.silent is not None:
            return Verdict.NO_ANSWER
        if self.alarm is not None:
            return Verdict.FALSE_ALARM
        return Verdict.SOLVED if self.catches(self.bug) else Verdict.MISSED

    @property
    def score(self) -> float:
        """The share of the mutants that it catches; 0 where it refuses what is right, or is silent."""
        mutants = self.work.mutants(self.bug)
        judged = self.verdict in (Verdict.SOLVED, Verdict.MISSED)
        return sum(map(self.catches, mutants)) / len(mutants) if judged else 0.0


def judge_file(submission: Submission, seed: int, child: Callable[..., Child] = Child) -> list[Judged]:
    """Every check of a file, in the museum's order. A ValueError says why there is none."""
    return list(judge_each(submission, seed, child))


def judge_each(submission: Submission, seed: int, child: Callable[..., Child] = Child) -> Iterator[Judged]:
    """The same, each as soon as it is judged."""
    names = _checks_in(submission, child)
    yield from (judge(submission, work, bug, seed, child) for name, (work, bug) in bugs().items() if name in names)


def _checks_in(submission, child):
    with child(str(submission.path), submission.text, LIMITS) as started:
        try:
            loaded = started.load()
        except Ended as ended:
            raise ValueError(f"{submission.path}: {ended}") from ended
    if "error" in loaded:
        raise ValueError(f"{submission.path} must run as Python: {_told(loaded['error'])}")
    names = [name.removeprefix(PREFIX) for name in loaded["functions"] if name.startswith(PREFIX)]
    unknown = [name for name in names if name not in bugs()]
    if unknown or not names:
        got = ", ".join(PREFIX + plain(name, 60) for name in unknown[:3]) or "none"
        raise ValueError(f"{submission.path} must have functions check_NAME, with names of the museum; got {got}")
    return names


def judge(submission: Submission, work: Work, bug: Bug, seed: int, child: Callable[..., Child] = Child) -> Judged:
    """One check, in a process of its own."""
    rng = onp.random.default_rng([seed, *bug.name.encode()])
    shown = [RIGHT] * RIGHTS + [mutant for mutant in work.mutants(bug) for _ in range(BROKEN)]
    answers = []
    with child(str(submission.path), submission.text, LIMITS) as started:
        try:
            started.load()
            for k in rng.permutation(len(shown)):
                answers.append(_answer(started, work, bug, shown[k], rng))
        except Ended as ended:
            answers.append(Answer(RIGHT, None, f"{ended}"))
    return Judged(work, bug, tuple(answers), started.written)


def _answer(child, work, bug, mutant, rng):
    made = _guarded(work, layer(work, mutant.changes, rng))
    results = child.call(PREFIX + bug.name, [(made, Draws(int(rng.integers(2**32))))])
    if not results:
        return Answer(mutant, None, "the function is not there any more")
    if "error" in results[0]:
        error = results[0]["error"]
        return Answer(mutant, None if error["kind"] in NO_VERDICT else True, _told(error))
    value = results[0]["value"]
    if value is None:
        return Answer(mutant, False)
    if onp.shape(value) == () and onp.asarray(value).dtype == bool:
        return Answer(mutant, not value)
    return Answer(mutant, None, f"a check returns True or False, or nothing; got {kind(value)}")


def _told(error):
    lines = [pair for pair in error["lines"] if isinstance(pair, list) and len(pair) == 2][-1:]
    where = "".join(f" (line {plain(number, 9)}: {plain(text, 100)})" for number, text in lines)
    return f"{plain(error['kind'], 60)}: {plain(error['words'], 200)}{where}"


# --- the layer, as a check may call it ---


def _guarded(work, made: Any) -> Any:
    """The same functions: quiet, and for arrays of a size that this process can bear."""
    if work.kind is Form.FUNCTION:
        return _bounded(made, work)
    return tuple(_bounded(f, work) for f in made)


def _bounded(f, work):
    def call(*arguments):
        arguments = [onp.asarray(a, dtype=onp.float64) for a in arguments]
        axes = tuple(a.ndim for a in arguments)
        if axes != work.axes:
            raise ValueError(f"the arguments must have {work.axes} axes; got {axes}. {work.given}")
        if any(a.size > work.most for a in arguments):
            raise ValueError(f"an argument may have {work.most:,} numbers at most")
        with warnings.catch_warnings(), onp.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return f(*arguments)

    return call
