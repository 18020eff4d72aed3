"""What came of a mutant."""

from __future__ import annotations

import signal
from enum import StrEnum


class Outcome(StrEnum):
    KILLED = "killed"  # a test failed
    TIMED_OUT = "timed out"  # it used up the limit of time: counts as killed, and is shown apart
    SURVIVED = "survived"
    NO_TEST = "no test"  # no recorded test runs its function: counts as survived
    NOT_IMPORTED = "not imported"  # the package cannot be imported: any test would see it, so it does not count
    NOT_IN_MEMORY = "not in memory"  # of the nursery alone: the mutant has to be written to the disk
    ERROR = "error"  # of the tool: the run stops

    @property
    def is_killed(self) -> bool:
        return self in (Outcome.KILLED, Outcome.TIMED_OUT)

    @property
    def is_alive(self) -> bool:
        return self in (Outcome.SURVIVED, Outcome.NO_TEST)


def of_signal(number: int) -> Outcome:
    """A process that a limit ended is out of time; any other that died by a signal crashed, which a test run shows."""
    return Outcome.TIMED_OUT if number in (signal.SIGXCPU, signal.SIGKILL) else Outcome.KILLED
