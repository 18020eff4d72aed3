"""Explicit Runge-Kutta methods as tables of numbers, one step of such a method, and the way back through that step.

    Y_i = y + h sum_{j<i} a_ij k_j,   k_i = f(t + c_i h, Y_i)        the stages                             (1)
    y'  = y + h sum_i b_i k_i                                        the step                               (2)

For the cotangent g of y', the chain rule through (2) and (1), last stage first:

    g_k_i = h (b_i g + sum_{j>i} a_ji g_Y_j),   g_Y_i = (df/dy)^T g_k_i,   g_y = g + sum_i g_Y_i            (3)

The step size h is a constant in (3), also where an error estimate has chosen it. Butcher 1964; Hairer, Norsett and
Wanner, Solving Ordinary Differential Equations I, sections II.1 and II.5.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import autograd.numpy as np


@dataclass(frozen=True)
class Tableau:
    """c, a and b of (1) and (2). error: b minus the weights of a second formula, one order lower."""

    c: Sequence[float]
    a: Sequence[Sequence[float]]
    b: Sequence[float]
    error: Sequence[float] = ()

    @property
    def ends_in_next(self) -> bool:
        """Whether the last stage stands at y', so that its k is the first of the next step."""
        return self.c[-1] == 1.0 and tuple(self.a[-1]) == tuple(self.b[:-1])


CLASSIC = Tableau((0.0, 0.5, 0.5, 1.0), ((), (0.5,), (0.0, 0.5), (0.0, 0.0, 1.0)), (1 / 6, 1 / 3, 1 / 3, 1 / 6))

DORMAND_PRINCE = Tableau(  # Dormand and Prince 1980, J. Comput. Appl. Math. 6, table 2
    c=(0.0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1.0, 1.0),
    a=(
        (),
        (1 / 5,),
        (3 / 40, 9 / 40),
        (44 / 45, -56 / 15, 32 / 9),
        (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
        (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656),
        (35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84),
    ),
    b=(35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84, 0.0),
    error=(71 / 57600, 0.0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40),
)


@dataclass(frozen=True, eq=False)
class Step:
    """From t to t + h and from y to `after`; h is signed. stages: pairs (k_i, what the right side kept beside it).

    taken: which of the N systems take the step, (N,); None: all. The others stay at y.
    """

    tableau: Tableau
    t: Any
    h: Any
    y: Any
    stages: Sequence[tuple[Any, Any]]
    after: Any
    taken: Any = None

    def error(self) -> Any:
        """The difference between the step and that of the second formula."""
        return self.h * combination(self.tableau.error, self.stages)

    def weights(self) -> list[Any]:
        """h b_i: the step as a quadrature, so that the integral of q over the step is about sum_i h b_i q_i."""
        return [self.h * b for b in self.tableau.b]


def step(tableau: Tableau, rhs: Callable, t: Any, y: Any, h: Any, first: tuple[Any, Any] | None = None) -> Step:
    """(1) and (2). rhs(t, y) -> k, kept. first: the first stage, where it is known from the step before."""
    stages, at = [rhs(t, y) if first is None else first], y
    for c, row in zip(tableau.c[1:], tableau.a[1:], strict=True):
        at = y + h * combination(row, stages)
        stages.append(rhs(t + c * h, at))
    after = at if tableau.ends_in_next else y + h * combination(tableau.b, stages)
    return Step(tableau, t, h, y, stages, after)


def combination(weights: Sequence[float], stages: Sequence[tuple[Any, Any]]) -> Any:
    """sum_i w_i k_i, without the terms whose weight is 0."""
    terms = [w * k for w, (k, _) in zip(weights, stages, strict=False) if w != 0.0]
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def step_back(step: Step, g: Any, visit: Callable) -> Any:
    """(3): the cotangent of y. visit(kept, g_k) -> g_Y is the pullback of the right side at one stage."""
    tableau, h = step.tableau, step.h
    moved = g if step.taken is None else np.where(step.taken, g, 0.0)
    last = len(tableau.b) - (2 if tableau.ends_in_next else 1)  # the stage that ends in the next step weighs nothing
    behind: dict[int, Any] = {}
    for i in range(last, -1, -1):
        g_k = tableau.b[i] * moved
        for j, g_Y in behind.items():
            if tableau.a[j][i] != 0.0:
                g_k = g_k + tableau.a[j][i] * g_Y
        behind[i] = visit(step.stages[i][1], h * g_k)
    for g_Y in behind.values():
        g = g + g_Y
    return g
