"""The laws of an invertible map: S, R, X and J, for given parameters at given points.

    S    x is (N, D), log_det is (N,), both in the dtype that came in, and then: both finite
    R    inverse(forward(z)) = z,  and  forward of that = x              within `allowed`, see trial.py
    X    log_det forward + log_det inverse = 0                           within `allowed_log_det`
    J    log_det = log|det J|, J by finite differences                   within 1e-6 + sum_ij |J^-1|_ji error_ij

A row whose own rounding allows for more than the trial's limit is not judged; where that is so for all, the finding is
"inconclusive". Finite differences of fourth order are good to about 1e-10 of the largest entry: 1e-6 leaves room for
curvature, and what two steps disagree by is added, so that a kink of ReLU beside a point is no alarm.
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch import backend
from nfscratch.bijections.contract import Bijection
from nfscratch.check.finding import Finding, inconclusive
from nfscratch.check.intervals import bounded
from nfscratch.check.subject import of_bijection
from nfscratch.check.trial import K, Trial, condition, flat, largest, worst_row


def shapes_and_dtypes(bijection: Bijection, params: Any, z: Any, context: Any = None) -> Finding:
    """S: both directions give (N, *event) and (N,), in z's dtype, finite. The error counts what is wrong."""
    return check_shapes(_trial(bijection, params, z, context))


def round_trip(bijection: Bijection, params: Any, z: Any, context: Any = None) -> Finding:
    """R: inverse(forward(z)) = z, and forward of that = x, on the scale of the points' own conditioning."""
    return check_round_trip(_trial(bijection, params, z, context))


def log_dets_cancel(bijection: Bijection, params: Any, z: Any, context: Any = None) -> Finding:
    """X: the log-dets of the two directions, at the same pair of points, sum to zero."""
    return check_log_dets_cancel(_trial(bijection, params, z, context))


def log_det_is_jacobian(
    bijection: Bijection, params: Any, z: Any, context: Any = None, tolerance: float = 1e-6
) -> list[Finding]:
    """J: log_det against log|det| of a finite-difference Jacobian, forward at z and inverse at x. float64 only."""
    trial = _trial(bijection, params, z, context)
    return [check_jacobian(trial, direction, tolerance) for direction in ("forward", "inverse")]


def _trial(bijection, params, z, context):
    """float32 is judged with the Jacobian of the same parameters in float64."""
    subject = of_bijection(bijection, params, context, getattr(z, "dtype", "float64"))
    if subject.dtype != onp.float32:
        return Trial(subject, z)
    from nfscratch import trees

    wide = None if context is None else backend.asarray(context, dtype="float64", like=context)
    twin = of_bijection(bijection, trees.cast(params, "float64"), wide)
    return Trial(subject, z, Trial(twin, z))


# --- S ---


def check_shapes(trial: Trial) -> Finding:
    s, n = trial.subject, (len(trial),)
    with onp.errstate(all="ignore"):
        x, log_det = s.forward(trial.z.copy())
        results = [("x", x, n + s.out_shape), ("log_det forward", log_det, n)]
        if onp.shape(x) == n + s.out_shape:
            good = onp.asarray(x)[trial.usable] if onp.size(log_det) == len(trial) else onp.asarray(x)
            back, log_det_back = s.inverse(good.copy())
            results += [("z", back, (len(good), *s.in_shape)), ("log_det inverse", log_det_back, (len(good),))]
        if s.log_prob is not None and onp.shape(x) == n + s.out_shape:
            results += [("log_prob", _where_dense(trial, s.log_prob(good.copy()), back), (len(good),))]
    return _shapes_of(trial, results)


def _where_dense(trial, log_p, z):
    """log_prob, with 0 for a -inf that is right: where rounding puts z at an end of the base's support, or beyond."""
    s = trial.subject
    if not bounded(s.domain) or onp.shape(log_p) != (len(z),) or onp.shape(z) != (len(z), *s.in_shape):
        return log_p
    room, z = trial.allowed[trial.usable][:, None], flat(z)
    within = ((z - room > s.domain[0]) & (z + room < s.domain[1])).all(axis=1)
    return onp.where(onp.isneginf(log_p) & ~within, onp.zeros_like(log_p), log_p)


def _shapes_of(trial, results):
    dtype = trial.subject.dtype
    wrong = [result for result in results if _is_misshapen(*result[1:], dtype)]
    kind = "shape" if wrong else "not finite"
    wrong = wrong or [result for result in results if not bool(onp.isfinite(result[1]).all())]
    words = "; ".join(f"{name} must be {_kind(shape, trial.subject.dtype)}; got {_got(a)}" for name, a, shape in wrong)
    evidence = {"results": {name: a for name, a, _ in results}, "wrong": [name for name, *_ in wrong], "z": trial.z}
    what = "shapes, dtype, finiteness"
    return Finding("S", what, float(len(wrong)), 0.0, words, evidence={**evidence, "kind": kind})


def _is_misshapen(a, shape, dtype):
    return onp.shape(a) != shape or getattr(a, "dtype", None) != dtype


def _kind(shape, dtype):
    return f"{tuple(shape)} {dtype}, finite"


def _got(a):
    kind = getattr(a, "dtype", type(a).__name__)
    if not onp.issubdtype(onp.asarray(a).dtype, onp.floating):
        return f"{onp.shape(a)} {kind}"
    bad = int((~onp.isfinite(a)).sum())
    return f"{onp.shape(a)} {kind}" + (f", {bad} of {onp.size(a)} not finite" if bad else "")


# --- R ---


def check_round_trip(trial: Trial) -> Finding:
    z, x, back = flat(trial.z), flat(trial.x), flat(trial.back[0])
    with onp.errstate(all="ignore"):
        error_z, error_x = largest(back - z), largest(flat(trial.again[0]) - x)
        # One number for both orders: the error of x, on the scale that is allowed to z.
        error = onp.maximum(error_z, error_x * trial.allowed / trial.allowed_x)
    error = onp.where(onp.isnan(error), onp.inf, error)
    evidence = {"z": z, "x": x, "yours": back, "expected": z}
    return judged("R", "inverse(forward(z)) against z", error, trial.allowed, trial, evidence)


# --- X ---


def check_log_dets_cancel(trial: Trial) -> Finding:
    forward, inverse = trial.there[1], trial.back[1]
    with onp.errstate(all="ignore"):
        error = onp.abs(forward + inverse)
    evidence = {"z": flat(trial.z), "x": flat(trial.x), "yours": inverse, "expected": -forward}
    return judged("X", "log_det forward + log_det inverse", error, trial.allowed_log_det, trial, evidence)


# --- J ---


def check_jacobian(trial: Trial, direction: str, tolerance: float = 1e-6, finite_only: bool = False) -> Finding:
    """log_det against the numeric Jacobian of one direction, at z or at x.

    finite_only: a claim that is not finite is not judged (S says so, and J goes on with the others).
    """
    forward = direction == "forward"
    claimed = trial.there[1] if forward else trial.back[1]
    J, spread, _, _ = trial.numeric if forward else trial.numeric_back
    true, allowed = log_abs_det(J, spread, claimed, trial, tolerance)
    with onp.errstate(all="ignore"):
        error = onp.abs(claimed - true)
    evidence = {"z": flat(trial.z), "x": flat(trial.x), "yours": claimed, "expected": true, "J": J, "spread": spread}
    what = f"log_det {direction} against finite differences"
    if finite_only:
        allowed = onp.where(onp.isfinite(claimed), allowed, onp.inf)
    return judged("J", what, error, allowed, trial, evidence, "z" if forward else "x")


def check_closed_form(trial: Trial) -> Finding:
    """The layer's own `jacobian` against the numeric one, entry by entry."""
    b, what = trial.subject.bijection, "jacobian() against finite differences"
    if b is None or trial.subject.dtype == onp.float32 or type(b).jacobian is Bijection.jacobian:
        return Finding("J", what, 0.0, 1.0)
    with onp.errstate(all="ignore"):
        own = flat(b.jacobian(trial.subject.params, trial.z, trial.subject.context)).reshape(trial.J.shape)
        error = onp.abs(own - trial.J).max(axis=(1, 2), initial=0.0)
        size = onp.maximum(1.0, onp.abs(trial.J).max(axis=(1, 2), initial=0.0))
        allowed = 1e-6 * size + 4 * trial.numeric[1].max(axis=(1, 2), initial=0.0)
    evidence = {"z": flat(trial.z), "yours": own, "expected": trial.J, "J": trial.J, "J_claimed": own, "kind": "closed"}
    return judged("J", what, error, allowed, trial, evidence)


def log_abs_det(J: Any, spread: Any, claimed: Any, trial: Trial, tolerance: float = 1e-6) -> tuple[Any, Any]:
    """log|det J|, and how far that may be off."""
    good = onp.isfinite(J).all(axis=(1, 2))
    safe = onp.where(good[:, None, None], J, onp.eye(J.shape[2]))
    with onp.errstate(all="ignore"):
        true = onp.where(good, onp.linalg.slogdet(safe)[1], onp.nan)
        inverse = onp.abs(onp.linalg.pinv(safe))
        rounding = K * trial.subject.eps * (condition(J) + trial.subject.depth * trial.subject.dim + onp.abs(claimed))
        slack = 4 * onp.einsum("nij,nji->n", inverse, onp.where(good[:, None, None], spread, onp.inf))
        return true, tolerance + slack + onp.where(onp.isfinite(claimed), rounding, 0.0)


def judged(
    letter: str, what: str, error: Any, allowed: Any, trial: Trial, evidence: dict, symbol: str = "z"
) -> Finding:
    """The finding of an error per row: of the failing row nearest to 0, or of the worst one that passes."""
    size = onp.maximum(1.0, largest(trial.z))
    rows = trial.usable & (allowed < trial.limit * size)
    if not rows.any():
        return inconclusive(letter, what, "the points are too badly conditioned to judge")
    error, allowed = onp.where(rows, error, 0.0), onp.where(rows, allowed, 1.0)
    bad = rows & ~(error <= allowed)
    row = int(onp.argmin(onp.where(bad, largest(trial.z), onp.inf))) if bad.any() else worst_row(error, allowed)
    evidence = {**evidence, "row": row, "rows": rows, "bad": bad, "symbol": symbol}
    at = point(symbol, evidence[symbol], row)
    return Finding(letter, what, float(error[row]), float(allowed[row]), at, evidence=evidence)


def point(letter: str, z: Any, row: int) -> str:
    """ "z = [0.31, -1.20]" """
    values = flat(z)[row]
    shown = ", ".join(f"{v:.4g}" for v in values[:6]) + (", ..." if values.size > 6 else "")
    return f"{letter} = [{shown}]"
