"""The contract of a solver: it marches from t0 to t1 in steps, forwards or backwards.

    solve(f, y, t0, t1) -> Solution         f(t, y) -> dy/dt, an array like y
    march(rhs, y, t0, t1) -> steps          rhs(t, y) -> dy/dt, kept: for gradients, which need what each stage kept

A state y has shape (S, N): N systems of S numbers each, side by side, the batch last in memory (or (*event, N)). t is
a number, or an array (N,) where each system has a time of its own. The state keeps its dtype.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import autograd.numpy as np

from nfscratch.ode.right_side import RightSide, check_problem, is_finite, name_first_nan
from nfscratch.ode.tableau import Step
from nfscratch.typed_fields import TypedFields


@dataclass(frozen=True, eq=False)
class Solution:
    """y: the state at t1. evaluations: how often the field was called, for all systems at once. steps: of the march."""

    y: Any
    evaluations: int
    steps: int


@dataclass(frozen=True, eq=False)
class Solver(TypedFields):
    """A subclass gives `march` and `accuracy`."""

    max_evaluations = None  # of the field in one solve; None: the number of steps is fixed
    remedy = ""  # what may help where they do not suffice

    @property
    def accuracy(self) -> float:
        """About how far off a solution is, relative to max(1, |y|), for a field that changes on a scale of 1."""
        raise NotImplementedError(f"{type(self).__name__} does not say its accuracy")

    def march(self, rhs: Callable, y: Any, t0: float, t1: float, together: bool = False) -> Iterator[Step]:
        """The steps from t0 to t1. together: all systems take the same ones."""
        raise NotImplementedError(f"{type(self).__name__} has no march")

    def solve(self, f: Callable, y: Any, t0: float, t1: float) -> Solution:
        """The state at t1. Raises IntegrationError, which says t and the evaluations used, where it is not reached."""
        check_problem(y, t0, t1, f=f)
        return follow(self, lambda t, y: (f(t, y), None), y, t0, t1)


def follow(
    solver: Solver,
    f: Callable,
    y: Any,
    t0: float,
    t1: float,
    visit: Callable[[Step], None] | None = None,
    together: bool = False,
) -> Solution:
    """The solution, for f(t, y) -> dy/dt, kept. visit(step): called after each step, in order."""
    if len(getattr(y, "shape", ())) < 2:
        raise ValueError(
            f"y must have shape (S, N), N systems of S numbers each; got {getattr(y, 'shape', type(y).__name__)}"
        )
    for_gradient = visit is not None
    rhs, start, steps = RightSide(f, solver.max_evaluations, solver.remedy, False, t1 < t0, for_gradient), y, 0
    for step in solver.march(rhs, y, t0, t1, together):
        y, steps = step.after, steps + 1
        if visit is not None:
            visit(step)
    if not is_finite(y):
        name_first_nan(lambda *args: solver.march(*args, together), f, start, t0, t1, rhs.evaluations)
    return Solution(y, rhs.evaluations, steps)


def trajectory(solver: Solver, f: Callable, y: Any, times: Sequence[float]) -> Any:
    """The states at all `times`, the first of which is that of y: (T, S, N). For a picture of the paths."""
    states = [y]
    for t0, t1 in pairwise(times):
        states.append(solver.solve(f, states[-1], float(t0), float(t1)).y)
    return np.stack(states)
