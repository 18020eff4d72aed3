"""InTime: a name in the time that there is; the general one of the letter where the looks for it take too long."""

from __future__ import annotations

from collections.abc import Callable

from nfscratch.check.diagnosis.mistakes import Mistake, Named
from nfscratch.check.time_limit import OutOfTime

GENERAL = {
    "R": Named(Mistake.NO_UNDOING, "inverse"),
    "X": Named(Mistake.LOG_DET_FORMULA, "log_det"),
    "J": Named(Mistake.LOG_DET_FORMULA, "log_det"),
}


def named_in_time(letter: str, look: Callable[[], Named]) -> Named:
    """look(), or the general name. OutOfTime of a letter that has none."""
    try:
        return look()
    except OutOfTime:
        if letter not in GENERAL:
            raise
        return GENERAL[letter]
