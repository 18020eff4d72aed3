"""Telling: the rows of a trial at which a screen looks.

Calm ones, spread from the middle outwards, and besides a few at which the mistake shows: what is wrong only far out is
right at all of the calm ones, and then everything would pass that leaves it as it is.
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.check.rows import flat, largest
from nfscratch.check.trial import Trial

POINTS, WRONG = 6, 2  # so many rows, and so many of those that inverse does not take back
CLAIMS = 3  # rows with a wrong log_det: a screen passes over one


def telling_rows(trial: Trial, row: int, near: float) -> Any:
    """The rows for a round trip: calm ones, the one that was asked for, and some that do not come back."""
    order = onp.argsort(largest(trial.z), kind="stable")
    calm = order[: max(POINTS, len(order) // 2)]
    chosen = calm[onp.linspace(0, len(calm) - 1, min(POINTS, len(calm))).astype(int)]
    not_undone = _not_undone(trial, near)
    wrong = [k for k in order if k in not_undone][:WRONG]
    return onp.unique([*chosen, row % len(trial), *wrong]).astype(int)


def _not_undone(trial, near):
    """The rows that inverse does not take back to z."""
    try:
        apart = largest(flat(trial.back[0]) - flat(trial.z)) / onp.maximum(1.0, largest(trial.z))
    except (Exception, SystemExit):  # of any kind: the mistake itself may raise
        return set()
    return set(onp.flatnonzero(~(apart < near) & trial.usable).tolist())


def with_wrong_claims(trial: Trial, direction: str, rows: Any, fine: Any, near: float) -> Any:
    """The rows for a log_det: where few of them have a wrong one, others that have. fine: where J is known."""
    claim = onp.asarray(trial.claimed(direction))
    if claim.shape != fine.shape or claim.dtype.kind != "f":
        return rows
    wrong = onp.zeros(len(fine), dtype=bool)
    true = onp.linalg.slogdet(trial.numeric_of(direction)[0][fine])[1]
    wrong[fine] = ~(onp.abs(claim[fine] - true) < 10 * near * onp.maximum(1.0, onp.abs(true)))
    if wrong[rows].sum() >= WRONG:
        return rows
    order = onp.argsort(largest(trial.input(direction)), kind="stable")
    return onp.unique([*rows, *order[wrong[order]][:CLAIMS]]).astype(int)
