"""The gradient through the steps: the exact derivative of what the solver has computed ("discretise, then optimise").

    forwards     the state before each step is kept
    backwards    from the last step to the first: its stages once more, with their pullbacks, and (3) of tableau.py

It is exact to rounding for the numbers that came out, however coarse the steps. It keeps one state for each step, and
the inside of one step at a time. Steps that were refused count for nothing. The sizes of the steps are constants: they
depend on y too, but any sizes give the same solution up to the tolerance.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nfscratch import trees
from nfscratch.ode.solver import Solution, Solver, follow
from nfscratch.ode.tableau import step_back


def through_steps(
    solver: Solver, f: Callable, f_vjp: Callable, y: Any, t0: float, t1: float
) -> tuple[Solution, Callable[[Any], tuple[Any, list[Any]]]]:
    """The solution, and pullback(g) -> the cotangent of y at t0, and those of all else that f depends on.

    f(t, y) -> dy/dt. f_vjp(t, y) -> dy/dt, pullback(g) -> g_y, *others: arrays or trees, such as those of parameters,
    or None for zero.
    """
    kept: list[tuple[Any, ...]] = []

    def keep(step):
        kept.append((step.tableau, step.t, step.y, step.h, step.taken))

    solution = follow(solver, lambda t, y: (f(t, y), None), y, t0, t1, keep)

    def pullback(g):
        others: list[Any] = []

        def visit(back, g_k):
            g_Y, *found = back(g_k)
            others[:] = found if not others else map(added, others, found)
            return g_Y

        for tableau, t, y, h, taken in reversed(kept):
            g = step_back(tableau, f_vjp, t, y, h, taken, g, visit)
        return g, others

    return solution, pullback


def added(a: Any, b: Any) -> Any:
    """The sum of two gradient trees, either of which may be None: zero."""
    return b if a is None else a if b is None else trees.add(a, b)
