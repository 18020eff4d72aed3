"""Finding: what one check found; Outcome: what came of it; Symptom: what a failed check saw; `table` of several.

A check judges by numbers, error <= tolerance. A check that has nothing to compare says so by its outcome, with the
reason in words beside it. Nothing reads the words: a program asks for the outcome and for the symptom.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any


class Outcome(StrEnum):
    """What came of a check, or of all checks of one letter; the value is the word that a table prints."""

    PASSED = "holds"
    FAILED = "FAILS"
    WAITING = "waiting"  # it fails too, behind the first letter that fails
    INCONCLUSIVE = "inconclusive"
    NOT_APPLICABLE = "not applicable"
    SKIPPED = "not run"


class Symptom(Enum):
    """What a failed check saw. The value says it in words."""

    # of several letters
    RAISES = "an exception is raised"
    SHAPE = "a shape or a dtype is wrong"
    NOT_FINITE = "a number is not finite"
    # P
    ARGUMENT_CHANGED = "its argument was changed"
    PARAMETERS_CHANGED = "the parameters were changed"
    ANOTHER_OUTPUT = "the same input gives another output"
    FIRST_BATCH = "its first batch takes the place of what it held"
    GLOBAL_STATE = "numpy's global state is drawn from"
    OVERWRITTEN = "a later call writes into an earlier result"
    SETTINGS_CHANGED = "numpy's global state is changed"
    SEED_GIVES_OTHERS = "the same seed gives other samples"
    SEED_IS_IGNORED = "another seed gives the same samples"
    DRAW_REPEATS = "a second draw repeats the first"
    # R
    STANDS_STILL = "forward gives one x for several z"
    SINGULAR = "forward leaves nothing of z to go back to"
    # J, D
    CLOSED_FORM = "jacobian() differs from the numeric Jacobian"
    JOINT = "sample_and_log_prob differs from log_prob"
    # T
    FORBIDDEN = "a variable depends on one that it may not depend on"
    CYCLE = "the dependencies have a cycle"
    NEAREST_PARENT = "every variable misses its nearest parent"
    MISSING = "an allowed dependency is missing"
    SKIPPED_COLUMN = "one column is left out"
    NOTHING_MOVES = "every variable stays as it is"
    NEVER_MOVES = "some variables never move"
    NOT_IN_PLACE = "a variable is none of those that came in"
    RANK = "J - I has a second singular value"
    # E
    BATCH_RAISES = "a small batch raises an exception"
    BATCH_SHAPE = "a small batch gives another shape"
    ROUND_TRIP = "inverse(forward(z)) is not z"
    LOG_DETS = "the log-dets do not cancel"
    SLOPE = "log_det is not the logarithm of the slope"
    JUMP = "a value jumps"
    DERIVATIVE_JUMPS = "log_det jumps"
    # O
    LEAVES = "x lies outside of the codomain"
    SIGN = "det J changes its sign"
    REACH = "forward(inverse(x)) is not x far out"
    STOPS_GROWING = "forward stops growing"
    # G
    GRADIENT = "a gradient differs from finite differences"
    LEAK = "a gradient comes in float64"
    # K
    REPEATED = "points come twice"
    ATOM = "one value comes again and again"
    DISTANCE = "the distribution functions differ"
    BRIDGE = "the bridge to another law does not hold"
    MOMENTS = "the moments differ"
    ROWS = "rows are correlated"


@dataclass(frozen=True)
class Finding:
    """One check: the largest error that it saw, the error that it allows, and the input where it saw that."""

    letter: str
    what: str  # "log_det forward against finite differences"
    error: float
    tolerance: float
    at: str = ""  # the worst input, in words: "z = [0.31, -1.20]"
    unjudged: Outcome | None = None  # INCONCLUSIVE or NOT_APPLICABLE, where there is nothing to compare
    why: str = ""  # the reason for that, in words; or what is told of a finding that holds
    symptom: Symptom | None = None  # what a failure looks like, where a letter knows several
    evidence: dict[str, Any] | None = None  # the numbers themselves, for the diagnosis

    @property
    def outcome(self) -> Outcome:
        """What came of it. An error that is NaN fails."""
        if self.unjudged is not None:
            return self.unjudged
        return Outcome.PASSED if self.error <= self.tolerance else Outcome.FAILED

    @property
    def ok(self) -> bool:
        """Whether it holds, or does not apply: an inconclusive check is not ok."""
        return self.outcome in (Outcome.PASSED, Outcome.NOT_APPLICABLE)

    @property
    def failed(self) -> bool:
        """Whether something is wrong: an inconclusive check has found nothing wrong."""
        return self.outcome is Outcome.FAILED

    @property
    def share(self) -> float:
        """The error as a share of what is allowed: the largest of several is the worst."""
        return self.error / max(self.tolerance, 1e-300)

    def raise_if_failed(self) -> None:
        if not self.ok:
            where = f" at {self.at}" if self.at else ""
            raise AssertionError(
                f"check {self.letter}: {self.what} is off by {self.error:.2e}; allowed {self.tolerance:.0e}{where}"
            )


def not_applicable(letter: str, why: str) -> Finding:
    return Finding(letter, "", 0.0, 0.0, unjudged=Outcome.NOT_APPLICABLE, why=why)


def inconclusive(letter: str, what: str, why: str, tolerance: float = 0.0) -> Finding:
    return Finding(letter, what, float("nan"), tolerance, unjudged=Outcome.INCONCLUSIVE, why=why)


def table(findings: Iterable[Finding], title: str = "") -> str:
    """The findings as aligned text, one a line, each with a mark that says whether it holds."""
    findings = list(findings)
    width = max((len(f.what) for f in findings), default=0)
    lines = [f"{title}"] if title else []
    lines += [f"      {'what was compared':{width}}  {'error':>8}  {'allowed':>8}"]
    return "\n".join(lines + [_row(f, width) for f in findings])


def _row(finding, width):
    mark = Outcome.PASSED if finding.ok else Outcome.FAILED
    where = "" if finding.ok or not finding.at else f"   at {finding.at}"
    numbers = f"{finding.error:8.1e}  {finding.tolerance:8.0e}"
    return f"  {finding.letter}   {finding.what:{width}}  {numbers}  {mark}{where}"
