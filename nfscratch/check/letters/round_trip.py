"""R: inverse(forward(z)) = z, and forward of that = x, within `allowed` of trial.py, or what last digits cost."""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.bijections.contract import Bijection
from nfscratch.check.finding import Finding
from nfscratch.check.judging import judged
from nfscratch.check.letters.last_digits import cost_of_last_digits
from nfscratch.check.rows import flat, largest
from nfscratch.check.trial import Trial, of_bijection_at


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
    return judged("R", "inverse(forward(z)) against z", error, allowed, trial, evidence)
