"""J: log_det against log|det J|, with J by finite differences, within 1e-6 + sum_ij |J^-1|_ji error_ij.

Finite differences of fourth order are good to about 1e-10 of the largest entry, and 1e-6 leaves room for curvature.
The bound grows by what two steps disagree by, so that a kink of ReLU beside a point raises no alarm. A row whose own
rounding allows more than the trial's limit is not judged; where that is so for all rows, the finding is inconclusive.
What fails by little is asked again beside its points: scatter.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as onp

from nfscratch import validate
from nfscratch.bijections.contract import Bijection
from nfscratch.check.finding import Finding, Symptom, not_applicable
from nfscratch.check.judging import judged
from nfscratch.check.letters.scatter import scatter
from nfscratch.check.rows import condition, finite_matrices, flat
from nfscratch.check.trial import SYMBOL, K, Trial, of_bijection_at


def log_det_is_jacobian(
    bijection: Bijection, params: Any, z: Any, context: Any = None, tolerance: float = 1e-6
) -> list[Finding]:
    """J: log_det against log|det| of a finite-difference Jacobian, forward at z and inverse at x. float64 only."""
    validate.positive("tolerance", tolerance)
    trial = of_bijection_at(bijection, params, z, context)
    return [check_jacobian(trial, direction, tolerance) for direction in ("forward", "inverse")]


def check_jacobian(trial: Trial, direction: str, tolerance: float = 1e-6, finite_only: bool = False) -> Finding:
    """log_det against the numeric Jacobian of one direction, at z or at x.

    finite_only: a claim that is not finite is not judged (S says so, and J goes on with the others).
    """
    claimed, numeric = trial.claimed(direction), trial.numeric_of(direction)
    true, allowed = log_abs_det(numeric[0], numeric[1], claimed, trial, tolerance)
    if finite_only:
        allowed = onp.where(onp.isfinite(claimed), allowed, onp.inf)
    with onp.errstate(all="ignore"):
        off = claimed - true
    error = onp.abs(off)
    evidence = {"z": flat(trial.z), "x": flat(trial.x), "yours": claimed, "expected": true, "J": numeric[0]}
    what, symbol = f"log_det {direction} against finite differences", SYMBOL[direction]
    finding = judged("J", what, error, allowed, trial, evidence, symbol)
    if finding.failed and (doubt := scatter(trial, direction, finding.evidence["bad"], off)).any():
        return _told(judged("J", what, error, allowed + doubt, trial, evidence, symbol), finding)
    return finding


def _told(excused, finding):
    """A finding that holds because the map scatters says so."""
    if excused.failed:
        return excused
    why = f"log_det is off by {finding.error:.0e} at {finding.at}, where the slopes of the map scatter: rounding"
    return replace(excused, why=why)


def check_closed_form(trial: Trial) -> Finding:
    """The layer's own `jacobian` against the numeric one, entry by entry."""
    b, what = trial.subject.bijection, "jacobian() against finite differences"
    if b is None or trial.subject.dtype == onp.float32 or type(b).jacobian is Bijection.jacobian:
        return not_applicable("J", "no jacobian() of its own")
    with onp.errstate(all="ignore"):
        own = flat(b.jacobian(trial.subject.params, trial.z, trial.subject.context)).reshape(trial.J.shape)
        error, size = _largest_entry(own - trial.J), onp.maximum(1.0, _largest_entry(trial.J))
        allowed = 1e-6 * size + 4 * _largest_entry(trial.numeric[1])
    evidence = {"z": flat(trial.z), "yours": own, "expected": trial.J, "J": trial.J, "J_claimed": own}
    return judged("J", what, error, allowed, trial, evidence, symptom=Symptom.CLOSED_FORM)


def _largest_entry(J):
    return onp.abs(J).max(axis=(1, 2))


def log_abs_det(J: Any, spread: Any, claimed: Any, trial: Trial, tolerance: float = 1e-6) -> tuple[Any, Any]:
    """log|det J|, and how far it may be off."""
    good = finite_matrices(J)
    safe = onp.where(good[:, None, None], J, onp.eye(J.shape[2]))
    with onp.errstate(all="ignore"):
        true = onp.where(good, onp.linalg.slogdet(safe)[1], onp.nan)
        inverse = onp.abs(onp.linalg.pinv(safe))
        rounding = (
            K * trial.subject.precision * (condition(J) + trial.subject.depth * trial.subject.dim + onp.abs(claimed))
        )
        slack = 4 * onp.einsum("nij,nji->n", inverse, onp.where(good[:, None, None], spread, onp.inf))
        return true, tolerance + slack + onp.where(onp.isfinite(claimed), rounding, 0.0)
