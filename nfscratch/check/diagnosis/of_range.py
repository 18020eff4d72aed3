"""OfRange: E or O says what is wrong at a point. This adds the change of the code that mends it."""

from __future__ import annotations

from nfscratch.check.diagnosis.mistakes import Mistake, Named
from nfscratch.check.message import Case
from nfscratch.check.repair.of_range import change_of_range

SEEN = {
    Mistake.LEAVES_CODOMAIN, Mistake.NOT_ONTO, Mistake.MAP_JUMPS, Mistake.INEXACT_AT_EDGE, Mistake.LOG_DET_AT_EDGE,
}  # fmt: skip


def with_change_of_range(named: Named, cases: list[Case]) -> tuple[Named, str]:
    """The change for its name, and a line for the message; the name itself where there is no change."""
    first = next(case for case in cases if case.finding.failed)
    change = change_of_range(first.trial) if named.mistake in SEEN else None
    if change is None:
        return named, ""
    return Named(Mistake.ONE_CHANGE, change, named.direction), "With it, E and O hold, and all that held before."
