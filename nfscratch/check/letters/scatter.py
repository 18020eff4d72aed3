"""Scatter: by how much log|det J| by finite differences errs from one point to the next. A companion of J.

A map may round more coarsely than its dtype says: where 1 - x is 1e-10, the logit of x moves by 1e-6 from one x to the
next. Differences take such steps for a slope, and two of them may agree by chance. So where a claim is off by little,
it is asked again beside the point: what is a mistake is off by as much there, and what is noise by something else.
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.check.domains import inside
from nfscratch.check.rows import finite_matrices
from nfscratch.check.trial import Trial

SMALL = 0.01  # a claim that is off by more is off for another reason
BESIDE, DRAWS = 1e-3, 4  # of a point: so far that both ends of a difference round anew
MARGIN = 2.0


def scatter(trial: Trial, direction: str, bad: Any, off: Any) -> Any:
    """(N,): how widely the differences off (N,) of claim and log|det J| scatter beside the rows that are bad."""
    rows, found = onp.flatnonzero(bad), onp.zeros(len(off))
    if not len(rows) or not (onp.abs(off[rows]) < SMALL).all() or trial.twin is not None:
        return found
    rng, points = onp.random.default_rng(0), trial.input(direction)[rows]
    seen = [off[rows]]
    for _ in range(DRAWS):
        step = BESIDE * onp.maximum(1.0, onp.abs(points)) * rng.uniform(-1, 1, points.shape)
        moved = (points + step).astype(points.dtype)
        keeps = inside(trial.subject.ends(direction), moved).reshape(-1, *[1] * (moved.ndim - 1))
        seen.append(_off(trial, direction, onp.where(keeps, moved, points), rows))
    found[rows] = MARGIN * onp.ptp(onp.stack(seen), axis=0)
    return onp.nan_to_num(found)


def _off(trial, direction, at, rows):
    J, claimed = trial.derivatives(direction, at, rows)[0], trial.apply(direction, at, rows)[1]
    good = finite_matrices(J)
    true = onp.linalg.slogdet(onp.where(good[:, None, None], J, onp.eye(J.shape[1])))[1]
    return onp.where(good, claimed - true, onp.nan)
