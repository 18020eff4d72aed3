"""Log-dets that are right, but at a wrong point.

    c = T(x), or -T(x) for inverse      forward's log-det T at x: AT_X
    c = T'(z), or -T'(z) for forward    inverse's log-det T' at z: AT_Z
    c = T(z with x_B for z_A)      a coupling whose network is given the changed half B for the kept half A: AT_X
    c = T(z with z_B for z_A)      the same before the change: CHANGED_HALF

T and T' are the logarithms of numeric Jacobians. A few rows are looked at first, because a Jacobian is dear.
"""

from __future__ import annotations

from itertools import islice, permutations
from typing import Any

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.check.diagnosis.wrong_terms import near
from nfscratch.check.letters.jacobian import log_abs_det

FEW = 8  # rows that are looked at before all of them
ORDERS = 24  # in which a half's columns may stand


def by_point(samples: list[Any]) -> Mistake | None:
    """The point at which the log-det of every sample that is wrong was evaluated."""
    wrong = [s for s in samples if s.failed]
    for look, mistake in LOOKS:
        if wrong and all(look(s) for s in wrong):
            return mistake
    return None


def _of(function):
    """Whether the claim is the log-det of `function` at its result, which is the other one's argument."""

    def look(s):
        own = s.direction == function
        return _is_log_det_at(s, function, s.there if own else s.at, 1.0 if own else -1.0)

    return look


def _with_half(of):
    """Whether the kept half was taken from the changed columns of `of`, in some order."""

    def look(s):
        kept = onp.abs(s.J - onp.eye(s.dim)).max(axis=(0, 2)) < 1e-7
        if not kept.any() or kept.all():
            return False
        columns = onp.flatnonzero(~kept)
        columns = onp.resize(columns, max(len(columns), kept.sum()))
        orders = islice(dict.fromkeys(permutations(columns.tolist(), int(kept.sum()))), ORDERS)
        return any(_is_log_det_at(s, s.direction, _replaced(s, kept, order, of), 1.0) for order in orders)

    return look


def _replaced(s, kept, order, of):
    point = s.at.copy()
    point[:, kept] = getattr(s, of)[:, order]
    return point


def _is_log_det_at(s, direction, points, sign):
    return _fits(s, direction, points, sign, slice(FEW)) and _fits(s, direction, points, sign, slice(None))


def _fits(s, direction, points, sign, part):
    shape = s.trial.subject.shape(direction)
    at = points[part].reshape(-1, *shape).astype(s.trial.subject.dtype)
    claimed = s.c[part]
    try:
        J, spread, _, _ = s.trial.derivatives(direction, at, onp.flatnonzero(s.rows)[part])
        true, allowed = log_abs_det(J, spread, claimed, s.trial, 1e-5)
    except Exception:  # of any kind: the point may lie outside of the domain
        return False
    known = onp.isfinite(true) & (allowed < 1e-3)
    return known.sum() >= 3 and bool(near(claimed[known], sign * true[known], 1e-4).all())


LOOKS = (
    (_of("forward"), Mistake.AT_X),
    (_of("inverse"), Mistake.AT_Z),
    (_with_half("there"), Mistake.AT_X),
    (_with_half("at"), Mistake.CHANGED_HALF),
)
