"""R: inverse(forward(z)) = z, and forward of that = x, within `allowed` of trial.py, or what last digits cost.

A row of which rounding may leave nothing is not judged. Where that is so of every row of a pair of functions, and z
visibly does not come back from near 0, the pair is singular in this dtype, and R fails. (A Bijection may be that badly
conditioned at the wild parameters that the audit draws.)
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.bijections.contract import Bijection
from nfscratch.check.finding import Finding, Symptom
from nfscratch.check.judging import judged, point
from nfscratch.check.letters.last_digits import cost_of_last_digits
from nfscratch.check.rows import flat, largest, nearest
from nfscratch.check.trial import Trial, of_bijection_at

WHAT = "inverse(forward(z)) against z"
LOST = "forward is singular, or nearly so: inverse(forward(z)) is not z"
NEAR = 3.0  # |z| of a row that a sound map gives back
HOPELESS = 1e-4  # cond(J) eps from which on few digits of z are left
VISIBLE = 1e-2  # of max(1, |z|)


def round_trip(bijection: Bijection, params: Any, z: Any, context: Any = None) -> Finding:
    """R: inverse(forward(z)) = z, and forward of that = x, on the scale of the points' own conditioning."""
    return check_round_trip(of_bijection_at(bijection, params, z, context))


def check_round_trip(trial: Trial) -> Finding:
    """Both orders as one number: the error of z, or the error of x on the scale that is allowed to z."""
    z, x, back = flat(trial.z), flat(trial.x), flat(trial.back[0])
    with onp.errstate(all="ignore"):
        error_z, error_x = largest(back - z), largest(flat(trial.again[0]) - x)
        error = onp.maximum(error_z, error_x * trial.allowed / trial.allowed_x)
    error = onp.where(onp.isnan(error), onp.inf, error)
    allowed = trial.allowed
    if not (error <= allowed).all():
        allowed = onp.fmax(allowed, cost_of_last_digits(trial)[0])
    evidence = {"z": z, "x": x, "yours": back, "expected": z}
    found = judged("R", WHAT, error, allowed, trial, evidence)
    return _lost(trial, error_z, evidence) or found if found.unjudged else found


def _lost(trial, error, evidence):
    """Every row is too badly conditioned to judge, and z visibly does not come back from those nearest to 0."""
    s, size = trial.subject, onp.maximum(1.0, largest(trial.z))
    near = trial.usable & (largest(trial.z) <= NEAR) & ~(trial.condition * s.eps < HOPELESS)
    if s.bijection is not None or s.dtype != onp.float64 or not near.any() or not (error > VISIBLE * size)[near].all():
        return None
    bad = near & (error > VISIBLE * size)
    row = nearest(bad, trial.z)
    evidence = {**evidence, "row": row, "rows": near, "bad": bad, "symbol": "z"}
    at = point("z", trial.z, row)
    return Finding("R", LOST, float(error[row]), VISIBLE, at, symptom=Symptom.SINGULAR, evidence=evidence)
