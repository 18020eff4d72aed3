"""RK4: the classical method of order 4, with a fixed number of equal steps.

    y' = y + h/6 (k_1 + 2 k_2 + 2 k_3 + k_4)

Twice as many steps make the error 2^4 times smaller, if f has five derivatives. No step is judged: the error must be
measured, by solving again with more steps. Beyond 10,000 there is no more to win: h^4 is below the rounding of a step.
Kutta 1901.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from nfscratch import validate
from nfscratch.ode.right_side import time_like
from nfscratch.ode.solver import Solver
from nfscratch.ode.tableau import CLASSIC, Step, step

MOST = 10_000


@dataclass(frozen=True, eq=False)
class RK4(Solver):
    """`steps` equal steps, of four evaluations each."""

    steps: int = 16

    def __post_init__(self):
        object.__setattr__(self, "steps", validate.count("steps", self.steps, least=1, most=MOST))

    @property
    def accuracy(self) -> float:
        return 0.1 * float(self.steps) ** -4  # y' = y leaves 0.02, a field that turns three times as fast 2

    def march(self, rhs: Callable, y: Any, t0: float, t1: float, together: bool = False) -> Iterator[Step]:
        h = (t1 - t0) / self.steps
        for n in range(self.steps):
            taken = step(CLASSIC, rhs, time_like(y, t0 + n * h), y, h)
            y = taken.after
            yield taken
