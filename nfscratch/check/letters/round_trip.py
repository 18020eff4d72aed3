"""R: inverse(forward(z)) = z, and forward of that = x, within `allowed` of trial.py, or what last digits cost.

A row of which rounding may leave nothing is not judged. Where that is so of every row of a pair of functions, and z
visibly does not come back from near 0, the pair is singular in this dtype, and R fails. (A Bijection may be that badly
conditioned at the wild parameters that the audit draws.)

So it does where forward stands still at a z that does not come back, and log_det says that it moves. By Hadamard

    log|det J| <= sum_j log |J_j|,    J_j the columns of J with their errors added

and a log_det of more is none of this J: a bracket or a clip has cut x off. Where x honestly saturates, log_det says so.
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.bijections.contract import Bijection
from nfscratch.check.finding import Finding, Symptom
from nfscratch.check.judging import judged, point
from nfscratch.check.letters.last_digits import cost_of_last_digits
from nfscratch.check.letters.out_of_reach import room_of_formulas
from nfscratch.check.rows import flat, largest, nearest
from nfscratch.check.trial import Trial, of_bijection_at

WHAT = "inverse(forward(z)) against z"
STILL = "forward stands still, and log_det says that it moves: inverse(forward(z)) is not z"
BEYOND = 3.0  # by how much a log_det has to be more than all columns allow
LOST = "forward is singular, or nearly so: inverse(forward(z)) is not z"
NEAR = 3.0  # |z| of a row that a sound map gives back
HOPELESS = 1e-4  # cond(J) eps from which on few digits of z are left
VISIBLE = 1e-2  # of max(1, |z|)


def round_trip(bijection: Bijection, params: Any, z: Any, context: Any = None) -> Finding:
    """R: inverse(forward(z)) = z, and forward of that = x, on the scale of the points' own conditioning."""
    return check_round_trip(of_bijection_at(bijection, params, z, context))


def check_round_trip(trial: Trial, room: bool = True) -> Finding:
    """Both orders as one number: the error of z, or the error of x on the scale that is allowed to z.

    room: whether a user's formulas may lose a few more digits than rounding explains.
    """
    z, x, back = flat(trial.z), flat(trial.x), flat(trial.back[0])
    with onp.errstate(all="ignore"):
        error_z, error_x = largest(back - z), largest(flat(trial.again[0]) - x)
        error = onp.maximum(error_z, error_x * trial.allowed / trial.allowed_x)
    error = onp.where(onp.isnan(error), onp.inf, error)
    allowed = trial.allowed
    if not (error <= allowed).all():
        allowed = onp.fmax(allowed, cost_of_last_digits(trial)[0]) + (room_of_formulas(trial) if room else 0.0)
    evidence = {"z": z, "x": x, "yours": back, "expected": z}
    found = judged("R", WHAT, error, allowed, trial, evidence)
    if found.failed:
        return found
    return _still(trial, error_z, evidence) or (found.unjudged and _lost(trial, error_z, evidence)) or found


def _still(trial, error, evidence):
    """Rows where forward does not move with z, against what log_det says of it, and z visibly does not come back."""
    if trial.subject.bijection is not None or trial.subject.dtype != onp.float64:
        return None
    J, spread, _, _ = trial.numeric
    with onp.errstate(all="ignore"):
        most = onp.log(onp.linalg.norm(onp.abs(J) + spread, axis=1)).sum(axis=1)
        bad = trial.usable & (error > VISIBLE * onp.maximum(1.0, largest(trial.z))) & (trial.there[1] > most + BEYOND)
    return _shown(STILL, Symptom.STANDS_STILL, trial, error, trial.usable, bad, evidence) if bad.any() else None


def _lost(trial, error, evidence):
    """Every row is too badly conditioned to judge, and z visibly does not come back from those nearest to 0."""
    s, size = trial.subject, onp.maximum(1.0, largest(trial.z))
    near = trial.usable & (largest(trial.z) <= NEAR) & ~(trial.condition * s.eps < HOPELESS)
    if s.bijection is not None or s.dtype != onp.float64 or not near.any() or not (error > VISIBLE * size)[near].all():
        return None
    return _shown(LOST, Symptom.SINGULAR, trial, error, near, near, evidence)


def _shown(what, symptom, trial, error, rows, bad, evidence):
    row = nearest(bad, trial.z)
    evidence = {**evidence, "row": row, "rows": rows, "bad": bad, "symbol": "z"}
    at = point("z", trial.z, row)
    return Finding("R", what, float(error[row]), VISIBLE, at, symptom=symptom, evidence=evidence)
