"""Explicit Runge-Kutta methods as tables of numbers, one step of such a method, and the way back through that step.

    Y_i = y + h sum_{j<i} a_ij k_j,   k_i = f(t + c_i h, Y_i)        the stages                             (1)
    y'  = y + h sum_i b_i k_i                                        the step                               (2)

For the cotangent g of y', the chain rule through (2) and (1), last stage first:

    g_k_i = h (b_i g + sum_{j>i} a_ji g_Y_j),   g_Y_i = (df/dy)^T g_k_i,   g_y = g + sum_i g_Y_i            (3)

The step size h is a constant in (3), also where an error estimate has chosen it. Butcher 1964; Hairer, Norsett and
Wanner, Solving Ordinary Differential Equations I, sections II.1 and II.5.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
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
        return self.h * combination(self.tableau.error, slopes(self.stages))

    def weights(self) -> list[Any]:
        """h b_i: the step as a quadrature, so that the integral of q over the step is about sum_i h b_i q_i."""
        return [self.h * b for b in self.tableau.b]


def step(tableau: Tableau, rhs: Callable, t: Any, y: Any, h: Any, first: tuple[Any, Any] | None = None) -> Step:
    """(1) and (2). rhs(t, y) -> k, kept. first: the first stage, where it is known from the step before."""
    stages = [rhs(t, y) if first is None else first]
    at = _fill(tableau, rhs, t, y, h, stages, len(tableau.c))
    after = at if tableau.ends_in_next else y + h * combination(tableau.b, slopes(stages))
    return Step(tableau, t, h, y, stages, after)


def _fill(tableau, rhs, t, y, h, stages, count):
    """Stages (1) until there are `count`; the last Y_i."""
    at = y
    for i in range(len(stages), count):
        at = y + h * combination(tableau.a[i], slopes(stages))
        stages.append(rhs(t + tableau.c[i] * h, at))
    return at


def slopes(stages: Sequence[tuple[Any, Any]]) -> Iterator[Any]:
    """The k_i."""
    return (k for k, _ in stages)


def combination(weights: Iterable[float], arrays: Iterable[Any]) -> Any:
    """sum_i w_i k_i, without the terms whose weight is 0. Arrays without a weight are left out."""
    return reduce(operator.add, (w * k for w, k in zip(weights, arrays, strict=False) if w != 0.0))


def step_back(tableau: Tableau, f_vjp: Callable, t: Any, y: Any, h: Any, taken: Any, g: Any, visit: Callable) -> Any:
    """(3): the cotangent of y, for the cotangent g of y'. The stages are computed again, now with their pullbacks.

    f_vjp(t, y) -> k, pullback. visit(pullback, g_k) -> g_Y, for each stage.
    """
    count = len(tableau.b) - (1 if tableau.ends_in_next else 0)  # a stage that ends in the next step has no weight
    stages = [f_vjp(t, y)]
    _fill(tableau, f_vjp, t, y, h, stages, count)
    moved, behind = g if taken is None else np.where(taken, g, 0.0), {}
    for i in reversed(range(count)):
        weights = (tableau.b[i], *(tableau.a[j][i] for j in behind))
        behind[i] = visit(stages[i][1], h * combination(weights, (moved, *behind.values())))
    return reduce(operator.add, behind.values(), g)
