"""X: log_det of forward at z + log_det of inverse at x = 0, up to rounding (trial.py, last_digits.py).

Infinite ones of opposite signs cancel: that they are not finite is S's affair.
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.bijections.contract import Bijection
from nfscratch.check.finding import Finding
from nfscratch.check.judging import judged
from nfscratch.check.letters.last_digits import cost_of_last_digits
from nfscratch.check.letters.out_of_reach import room_of_log_dets
from nfscratch.check.rows import flat
from nfscratch.check.trial import Trial, of_bijection_at


def log_dets_cancel(bijection: Bijection, params: Any, z: Any, context: Any = None) -> Finding:
    """X: the log-dets of the two directions, at the same pair of points, sum to zero."""
    return check_log_dets_cancel(of_bijection_at(bijection, params, z, context))


def check_log_dets_cancel(trial: Trial) -> Finding:
    forward, inverse = trial.there[1], trial.back[1]
    with onp.errstate(all="ignore"):
        error = onp.where(forward == -inverse, 0.0, onp.abs(forward + inverse))  # inf - inf is NaN
    allowed = trial.allowed_log_det
    if not (error <= allowed).all():
        allowed = onp.fmax(allowed, cost_of_last_digits(trial)[1]) + room_of_log_dets(trial)
    evidence = {"z": flat(trial.z), "x": flat(trial.x), "yours": inverse, "expected": -forward}
    return judged("X", "log_det forward + log_det inverse", error, allowed, trial, evidence)
