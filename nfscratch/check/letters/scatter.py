"""Scatter: by how much log|det J| by finite differences errs from one point to the next. A companion of J.

A map may round more coarsely than its dtype says: where 1 - x is 1e-10, the logit of x moves by 1e-6 from one x to the
next. Differences take such steps for a slope, and two of them may agree by chance. So where a claim is off by little,
log|det J| is asked again on a short line through the point. A smooth one has no fourth differences to speak of there,
and what they have is noise of the map. The claim has no part in it: one that varies quickly by itself is wrong.
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.check.domains import inside
from nfscratch.check.rows import finite_matrices
from nfscratch.check.trial import Trial

SMALL = 0.01  # a claim that is off by more is off for another reason
BESIDE = 1e-3  # from one point of the line to the next: so far that both ends of a difference round anew
LINE = range(-6, 7)
OF_NOISE = 70**0.5  # the fourth difference of noise, in units of the noise: 1 + 16 + 36 + 16 + 1
MARGIN = 6.0


def scatter(trial: Trial, direction: str, bad: Any, off: Any) -> Any:
    """(N,): how widely log|det J| scatters beside the rows that are bad. off (N,): by how much their claims err."""
    rows, found = onp.flatnonzero(bad), onp.zeros(len(off))
    if not len(rows) or not (onp.abs(off[rows]) < SMALL).all() or trial.twin is not None:
        return found
    points = trial.input(direction)[rows]
    line = _line(points)
    held = onp.stack([inside(trial.subject.ends(direction), at) for at in line]).all(axis=0)
    line = onp.where(held.reshape(-1, *[1] * (points.ndim - 1)), line, points)  # beside an end all of them are one
    true = _log_abs_det(trial, direction, line.reshape(-1, *points.shape[1:]), onp.tile(rows, len(LINE)))
    apart = onp.diff(true.reshape(len(LINE), len(rows)), n=4, axis=0)
    found[rows] = MARGIN / OF_NOISE * onp.abs(apart).max(axis=0)
    return onp.nan_to_num(found, posinf=0.0)


def _line(points):
    """(13, R, *event): through each point, in a direction of its own, in equal steps."""
    signs = onp.random.default_rng(0).choice([-1.0, 1.0], points.shape)
    step = BESIDE * onp.maximum(1.0, onp.abs(points)) * signs
    return onp.stack([points + k * step for k in LINE]).astype(points.dtype)


def _log_abs_det(trial, direction, at, rows):
    J = trial.derivatives(direction, at, rows)[0]
    good = finite_matrices(J)
    return onp.where(good, onp.linalg.slogdet(onp.where(good[:, None, None], J, onp.eye(J.shape[1])))[1], onp.nan)
