"""TimeLimit: an audit of plain functions takes no more processor time than they are worth.

    seconds = 10 max(1, cost / 0.05)        cost: seconds of 1,000 rows, the mean of both directions

A fast pair has 10 seconds. The search for a repair has 8 more, so that an audit stays below 20. A slow pair has as many
calls, until a check fails: the others can only wait for it, and have 20 seconds more, and the looks for a name have 10.
Every call of a function looks at the clock. What is not done when the time is used up is left out, and the report says
so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from time import process_time as clock
from typing import Any

import numpy as onp

SECONDS = 10.0
AFTER_FAILURE = 20.0  # seconds for all checks that come after the first one that fails
OF_CHECKS = 0.7  # a share of it; the looks for a name have the rest, and what the checks leave
COST, ROWS = 0.05, 1000
FEW = 24  # rows; a pair that takes long for them is not asked for more
LONG = 1.0
_END: ContextVar[float] = ContextVar("end", default=onp.inf)


class Passing(BaseException):
    """What the audit itself raises through a stranger's code, to end a run of it."""


class OutOfTime(Passing):
    """The time is used up."""


def look_at_clock() -> None:
    """Raise OutOfTime where it is."""
    if clock() > _END.get():
        raise OutOfTime


@dataclass(frozen=True)
class TimeLimit:
    """From when on, how long, and what 1,000 rows cost."""

    begin: float = 0.0
    seconds: float = onp.inf
    cost: float = 0.0

    @contextmanager
    def of_checks(self, share: float) -> Iterator[None]:
        """The checks within have this share of the time for checks, counted from the beginning."""
        with _until(self.begin + share * OF_CHECKS * self.seconds):
            yield

    @contextmanager
    def after_failure(self, since: float) -> Iterator[None]:
        """What comes after a check that has failed, at that time."""
        with _until(min(_END.get(), self._limited(since + AFTER_FAILURE))):
            yield

    @contextmanager
    def of_name(self) -> Iterator[None]:
        with _until(min(self.begin + self.seconds, self._limited(clock() + SECONDS))):
            yield

    def _limited(self, end):
        return end if self.seconds < onp.inf else onp.inf

    @property
    def now(self) -> float:
        return clock()

    def words(self, failed_at: float = onp.inf) -> str:
        slow = f" (1,000 rows take {self.cost:.2g} s)" if self.cost > COST else ""
        if self._limited(failed_at + AFTER_FAILURE) < self.begin + OF_CHECKS * self.seconds:
            return f"{AFTER_FAILURE:.0f} s of processor time after the first failure are used up{slow}"
        return f"{self.seconds:.0f} s of processor time are used up{slow}"


def without_limit() -> Any:
    """Whatever is within looks after its own time."""
    return _until(onp.inf)


@contextmanager
def _until(end):
    before = _END.set(end)
    try:
        yield
    finally:
        _END.reset(before)


def limit_for(forward: Callable, inverse: Callable, z: Any) -> TimeLimit:
    """The limit of a pair, by what some rows cost it. z: points that it takes."""
    begin = clock()
    cost = 0.0
    for n in (FEW, ROWS):
        if (seconds := _seconds(forward, inverse, z[onp.arange(n) % len(z)])) is None:
            break
        cost = 0.5 * seconds * ROWS / n
        if cost < COST or seconds > LONG:
            break
    return TimeLimit(begin, SECONDS * max(1.0, cost / COST), cost)


def _seconds(forward, inverse, z):
    """Of one call of each direction; None where one raises, which is for the checks to say."""
    begin = clock()
    try:
        with onp.errstate(all="ignore"):
            inverse(onp.array(forward(z)[0]))
    except Exception:  # of any kind
        return None
    return clock() - begin
