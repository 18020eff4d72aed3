"""Overflow: whether a result that is not finite is an honest one, because the numbers leave the range of the dtype."""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.check.rows import flat
from nfscratch.check.trial import Trial

SHARES = tuple(0.8**k for k in range(1, 40))  # of a point, and then
HALVINGS = 50  # of the way to the last finite result: a deep map may grow faster than any power


def overflows(trial: Trial, points: Any, direction: str) -> Any:
    """For each row, whether a result that is not finite is an honest overflow: a little before, it was huge."""
    limit = float(onp.finfo(trial.subject.dtype).max) ** 0.4
    low, high = onp.zeros(len(points)), onp.ones(len(points))  # shares of the point: finite, and not
    huge = onp.zeros(len(points), dtype=bool)
    for known in (*SHARES, *[None] * HALVINGS):
        share = 0.5 * (low + high) if known is None else onp.full(len(points), known)
        y = _results(trial, points, share, direction)
        if y is None:
            continue
        finite = onp.isfinite(y).all(axis=1)
        huge |= (onp.isfinite(y) & (onp.abs(y) > limit)).any(axis=1)
        low, high = onp.where(finite, onp.fmax(low, share), low), onp.where(finite, high, onp.fmin(high, share))
        if huge.all():
            break
    return huge


def _results(trial, points, share, direction):
    """Results and log_dets at these shares of the points; None where they are refused. -e^1000 is no number, either."""
    at = points * share.reshape(-1, *[1] * (points.ndim - 1))
    try:
        y, log_det = trial.apply(direction, at.astype(trial.subject.dtype))
    except (ValueError, ArithmeticError, IndexError):
        return None
    return onp.concatenate([flat(y), log_det[:, None]], axis=1)
