"""The adjoint equation: the gradient as the solution of a second equation, solved from t1 back to t0.

    L depends on y(t1);   a(t) = dL/dy(t)
    da/dt = -(df/dy)^T a,      a(t1) = dL/dy(t1)                                                             (1)
    dL/dtheta = integral from t0 to t1 of (df/dtheta)^T a dt                                                 (2)

y is solved again, backwards, beside a: nothing is kept on the way from t0 to t1, so memory does not grow with the
number of steps. The result is the gradient of the exact solution, up to the solver's tolerance ("optimise, then
discretise"). It is not the gradient of the number that the solver has computed: the two differ by about the tolerance.

(2) is a sum over the stages of each step, with the step's own weights. It takes no part in the choice of the steps
(Kidger et al. 2021, arXiv:2009.09457): its error is not fed back into the equation. (1) is linear in a, so that a is
solved for dL/dy(t1) divided by its largest entry: an absolute tolerance then means the same for every L.
Pontryagin 1962; Chen et al. 2018, arXiv:1806.07366.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as onp

from nfscratch import trees
from nfscratch.ode.solver import Solution, Solver, follow
from nfscratch.ode.through_steps import added


def adjoint(solver: Solver, f_vjp: Callable, y: Any, g: Any, t0: float, t1: float) -> tuple[Any, list[Any], Solution]:
    """The cotangent of y at t0, those of all else that f depends on, and the backward solution, for its count.

    y, g: the state at t1, and its cotangent. f_vjp: as in `through_steps`. All systems take the same steps.
    """
    size = _largest(g)
    others: list[Any] = []
    n = len(y)

    def backwards(t, both):
        k, pullback = f_vjp(_one_time(t), both[:n])
        g_y, *found = pullback(both[n:])
        return onp.concatenate((k, -g_y)), found

    def integrate(step):  # dt < 0, and (2) runs from t0 to t1
        for weight, (_, found) in zip(step.weights(), step.stages, strict=True):
            terms = [_times(-_one_time(weight) * size, part) for part in found]
            others[:] = terms if not others else map(added, others, terms)

    solution = follow(solver, backwards, onp.concatenate((y, g / size)), t1, t0, integrate, together=True)
    return size * solution.y[n:], others, solution


def _largest(g):
    """The largest entry, or the smallest positive number where all are 0 or there is none."""
    least = onp.full_like(g, onp.finfo(g.dtype).tiny, shape=(1,))
    return onp.max(onp.concatenate((onp.abs(g).ravel(), least)))


def _one_time(t):
    """Of all systems, which move together: a number, or an array of one number."""
    return t[0] if getattr(t, "shape", ()) == (1,) else t


def _times(factor, tree):
    return None if tree is None else trees.map_leaves(lambda leaf: factor * leaf, tree)
