"""S: x is (N, *event), log_det is (N,), both in the dtype that came in; and then: all numbers are finite.

The inverse and log_prob are asked at the x of rows whose x is usable. Their results are held to the same; but where
a user's log_prob of a float32 map comes in float64, that is a note: the map is what is audited, and a wider constant of
the base spoils none of its digits.
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.bijections.contract import Bijection
from nfscratch.check.domains import bounded, flat_ends
from nfscratch.check.finding import Finding, Symptom
from nfscratch.check.rows import flat
from nfscratch.check.trial import Trial, of_bijection_at


def shapes_and_dtypes(bijection: Bijection, params: Any, z: Any, context: Any = None) -> Finding:
    """S: both directions give (N, *event) and (N,), in z's dtype, finite. The error counts what is wrong."""
    return check_shapes(of_bijection_at(bijection, params, z, context))


def check_shapes(trial: Trial) -> Finding:
    """S, of forward, inverse and log_prob."""
    with onp.errstate(all="ignore"):
        results = _results(trial)
    dtype = trial.subject.dtype
    misshapen = [r for r in results if _is_misshapen(*r[1:], dtype) and not _is_wide(trial, *r)]
    symptom = Symptom.SHAPE if misshapen else Symptom.NOT_FINITE
    wrong = misshapen or [r for r in results if not (onp.isfinite(r[1]).all() or _is_lost(trial, *r[:2]))]
    words = "; ".join(f"{name} must be {tuple(shape)} {dtype}, finite; got {_got(a)}" for name, a, shape in wrong)
    words += _remedy(trial, misshapen)
    evidence = {"results": {name: a for name, a, _ in results}, "wrong": [name for name, *_ in wrong], "z": trial.z}
    what = "shapes, dtype, finiteness"
    return Finding("S", what, float(len(wrong)), 0.0, words, symptom=symptom, evidence=evidence)


def _remedy(trial, misshapen):
    """What to do for a pair of functions that computes in float32, and is otherwise right."""
    single = all(getattr(a, "dtype", None) == onp.float32 and onp.shape(a) == shape for _, a, shape in misshapen)
    told = trial.subject.bijection is not None or trial.subject.dtype == onp.float32
    return "" if told or not misshapen or not single else "; to audit a map of float32 pass dtype='float32'"


def _results(trial):
    """(name, array, the shape that it must have) for everything that the subject gives."""
    s, n = trial.subject, (len(trial),)
    x, log_det = s.forward(trial.z.copy())
    results = [("x", x, n + s.out_shape), ("log_det forward", log_det, n)]
    if onp.shape(x) != n + s.out_shape or not onp.issubdtype(onp.asarray(x).dtype, onp.number):
        return results
    good = onp.asarray(x)[trial.usable] if onp.size(log_det) == len(trial) else onp.asarray(x)
    back, log_det_back = s.inverse(good.copy())
    results += [("z", back, (len(good), *s.in_shape)), ("log_det inverse", log_det_back, (len(good),))]
    if s.log_prob is not None:
        results += [("log_prob", _where_dense(trial, s.log_prob(good.copy()), back), (len(good),))]
    return results


def _is_lost(trial, name, a):
    """Whether only rows are not finite of which forward leaves nothing: e^-800 has no way back."""
    if name in ("x", "log_det forward"):
        return False
    rows = ~onp.isfinite(flat(onp.asarray(a)[:, None] if onp.ndim(a) == 1 else a)).all(axis=1)
    return not (rows & trial.recoverable[trial.usable]).any()


def _where_dense(trial, log_p, z):
    """log_prob with 0 where it says -inf and rounding may have put z at an end of the base's support, or beyond."""
    s = trial.subject
    if not bounded(s.domain) or onp.shape(log_p) != (len(z),) or onp.shape(z) != (len(z), *s.in_shape):
        return log_p
    room, z, (low, high) = trial.allowed[trial.usable][:, None], flat(z), flat_ends(s.domain)
    within = ((z - room > low) & (z + room < high)).all(axis=1)
    return onp.where(onp.isneginf(log_p) & ~within, onp.zeros_like(log_p), log_p)


def _is_misshapen(a, shape, dtype):
    return onp.shape(a) != shape or getattr(a, "dtype", None) != dtype


def density_is_wide(trial: Trial) -> bool:
    """Whether a user's log_prob gives float64 in a float32 map, and is otherwise of the right shape."""
    s = trial.subject
    if s.log_prob is None:
        return False
    x = onp.asarray(s.forward(trial.z.copy())[0])[trial.usable]
    return _is_wide(trial, "log_prob", s.log_prob(x.copy()), (len(x),))


def _is_wide(trial, name, a, shape):
    single = trial.subject.bijection is None and trial.subject.dtype == onp.float32
    wide = getattr(a, "dtype", None) == onp.float64 and onp.shape(a) == shape
    return name == "log_prob" and single and wide


def _got(a):
    kind = getattr(a, "dtype", type(a).__name__)
    if not onp.issubdtype(onp.asarray(a).dtype, onp.floating):
        return f"{onp.shape(a)} {kind}"
    bad = int((~onp.isfinite(a)).sum())
    return f"{onp.shape(a)} {kind}" + (f", {bad} of {onp.size(a)} not finite" if bad else "")
