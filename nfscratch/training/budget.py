"""A budget of time: a run stops after the step in which the time is spent."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import inf
from typing import Any

from nfscratch import validate


class Budget:
    """`seconds` from now on, by `clock`. None: any time."""

    def __init__(self, seconds: float | None, clock: Callable[[], float] = time.monotonic):
        if seconds is not None:
            validate.positive("seconds", seconds)
        self.seconds, self._clock = inf if seconds is None else float(seconds), clock
        self._start = clock()

    @classmethod
    def of(cls, seconds: Any) -> Budget:
        """A number of seconds as a Budget that starts now; a Budget that runs already, as it is."""
        return seconds if isinstance(seconds, cls) else cls(seconds)

    def share(self) -> float:
        """The share that is spent: 1 and more when time is up."""
        return (self._clock() - self._start) / self.seconds

    @property
    def spent(self) -> bool:
        return self.share() >= 1.0
