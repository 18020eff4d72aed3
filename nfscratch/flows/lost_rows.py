"""Rows that a search or a solver loses: which they are, while the others are evaluated.

A search says which rows it did not find, and a solver which did not arrive (`rows` of the error). They are put at
another row's point, and the others are asked again, until none fails. Where the error does not say it, as that of a
solver with one step for all, halves of the far rows are asked by themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as onp

from nfscratch.ode import IntegrationError
from nfscratch.ops.roots import InversionError
from nfscratch.ops.rows import nearer

MOST = 128  # evaluations of halves


def lost_and_found(evaluate: Callable, x: Any, context: Any, far: Callable[[], Any]) -> tuple[Any, Any]:
    """(lost, evaluate(x, context) with the lost rows elsewhere); lost (N,), or None where no row is.

    far(): the rows that may be lost (N,). Where another row fails, its error is raised. Where all rows are lost, none
    is evaluated.
    """
    lost, may_be, halved = None, None, False
    while lost is None or not lost.all():
        try:
            return lost, evaluate(x, context) if lost is None else evaluate(*nearer(x, context, lost))
        except (InversionError, IntegrationError) as error:
            may_be = far() if may_be is None else may_be
            left = may_be if lost is None else may_be & ~lost
            failing = left if halved else _failing(error, evaluate, x, context, left, lost)
            halved = getattr(error, "rows", None) is None  # those that fail again, beside each other, are all lost
            if not failing.any():
                raise
            lost = failing if lost is None else lost | failing
    return lost, None


def _failing(error, evaluate, x, context, left, lost):
    """Those of the rows that are left for which it failed. A lost row fails where the one in its place does."""
    rows = getattr(error, "rows", None)
    if rows is None:
        failing = by_halves(lambda rows: _fails(evaluate, x, context, rows), left)
        return failing if failing.any() else left  # none fails by itself, or one does that is not among them
    failing = onp.zeros_like(left)
    failing[list(rows)] = True
    if lost is not None and (failing & lost).any():
        failing[int(onp.argmin(lost))] = True
    return failing & left


def by_halves(fails: Callable, left: Any) -> Any:
    """Those of the rows `left` (N,) for which fails(rows) is true: halves of them are asked, each by itself.

    rows: numbers of rows. After MOST questions those not known count as failing.
    """
    lost, waiting, asked = onp.zeros_like(left), [onp.flatnonzero(left)] if left.any() else [], 0
    while waiting:
        rows, asked = waiting.pop(0), asked + 1
        if asked > MOST or fails(rows):
            if asked > MOST or len(rows) < 2:
                lost[rows] = True
            else:
                waiting += onp.array_split(rows, 2)
    return lost


def _fails(evaluate, x, context, rows):
    try:
        evaluate(x[rows], None if context is None else context[rows])
    except (InversionError, IntegrationError):
        return True
    return False
