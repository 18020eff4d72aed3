"""Which mistake makes this log_det? Each would-be value comes from the numeric Jacobian; the one that fits is named.

With t = log|det J| the truth, c the claim, and l_i = log|J_ii| where J is triangular in some order:

    c = -t           sign                    c = t / D, t / |changed|    mean         c = 2 t      exp(s/2)
    c = sum exp l_i  exp(s) summed           c = sum |l_i|               |s|          c = det      no logarithm
    c - t the same at every point of a draw: a constant                    none of all: "the formula of log_det"
"""

from __future__ import annotations

from itertools import product
from math import log, pi, prod
from typing import Any

import numpy as onp

from nfscratch.check.diagnosis_planar import planar_mistake
from nfscratch.check.diagnosis_spline import spline_mistake
from nfscratch.check.diagnosis_terms import by_branch, by_distance, by_subset, by_unclamped_scale, near
from nfscratch.check.laws import check_jacobian, log_abs_det
from nfscratch.check.trial import Trial, flat

FORMULA = "the formula of log_det"


class Sample:
    """Claim and truth of one direction at one trial, where the truth is known well."""

    def __init__(self, trial: Trial, direction: str, finding: Any = None):
        if finding is None:  # a claim that is no number says less than one that is a wrong number
            finding = check_jacobian(trial, direction, finite_only=True)
            finding = finding if finding.failed else check_jacobian(trial, direction)
        evidence = finding.evidence or {}
        self.trial, self.direction, self.failed = trial, direction, finding.failed
        self.rows = evidence.get("rows", onp.zeros(len(trial), dtype=bool))
        self.c, self.t = (onp.asarray(evidence[k])[self.rows] for k in ("yours", "expected")) if evidence else ([], [])
        self.J = evidence["J"][self.rows] if evidence else onp.zeros((0, 1, 1))
        self.at = flat(trial.z if direction == "forward" else trial.x)[self.rows]
        self.there = flat(trial.x if direction == "forward" else trial.z)[self.rows]

    dim = property(lambda self: self.J.shape[1])

    def logs(self) -> Any:
        """l_i (N, D) where det J is the product of the diagonal, in the order of the rows or of another; else None."""
        diagonal = onp.abs(onp.diagonal(self.J, axis1=1, axis2=2))
        with onp.errstate(all="ignore"):
            l = onp.log(diagonal)
        return l if onp.isfinite(l).all() and near(l.sum(axis=1), self.t).all() else None

    def changed(self) -> int:
        """How many variables are not passed on as they are."""
        unit = onp.abs(self.J - onp.eye(self.dim)).max(axis=(0, 2)) < 1e-7
        return max(1, self.dim - int(unit.sum()))


def name_log_det(samples: list[Sample]) -> str:
    """The mistake that fits at every dimension and draw."""
    samples = [s for s in samples if len(s.c)]
    if not any(s.failed for s in samples):
        return FORMULA
    for name, prediction in CANDIDATES.items():
        if all(_fits(s, prediction(s)) for s in samples):
            return name
    looks = (
        by_branch, _by_ratio, _by_constant, by_subset, by_unclamped_scale, planar_mistake, spline_mistake, _elsewhere,
        by_distance,
    )  # fmt: skip
    return next((name for look in looks if (name := look(samples)) is not None), FORMULA)


def _fits(sample, predictions):
    """Whether one of the predictions is the claim in all rows, to which a NaN may be predicted too."""
    return any(p is not None and (near(sample.c, p) | (onp.isnan(sample.c) & onp.isnan(p))).all() for p in predictions)


def _zero_linear(s):
    dense = onp.abs(onp.triu(s.J, 1)).max(initial=0) > 1e-9 and onp.abs(onp.tril(s.J, -1)).max(initial=0) > 1e-9
    linear = onp.ptp(s.J, axis=0).max(initial=0) < 1e-6
    return [0 * s.t if s.dim == 1 or (linear and dense) else None]


def _determinants(s):
    det = onp.linalg.det(s.J)
    return [det, onp.abs(det), 1 / det, 1 / onp.abs(det)]


def _not_absolute(s):
    det = onp.linalg.det(s.J)
    if not (det < 0).any() and s.failed:
        return [None]
    with onp.errstate(all="ignore"):
        return [onp.log(det), -onp.log(onp.linalg.det(onp.linalg.inv(s.J)))]


def _sums(f):
    """Sums of f(l_i) over all variables, or over the changed ones, of this map or of its inverse, with both signs."""

    def predictions(s):
        l = s.logs()
        if l is None:
            return [None]
        changed = l[:, onp.abs(s.J - onp.eye(s.dim)).max(axis=(0, 2)) > 1e-7]
        return [sign * f(way * which).sum(axis=1) for sign, way, which in product((1, -1), (1, -1), (l, changed))]

    return predictions


def _elsewhere(samples):
    """The other direction's true log-det, negated, at the point that came in instead of the one that goes out."""
    for s in samples:
        other = "forward" if s.direction == "inverse" else "inverse"
        try:
            at = s.at.reshape(-1, *s.trial.subject.in_shape).astype(s.trial.subject.dtype)
            J, spread, _, _ = s.trial.derivatives(other, at, onp.flatnonzero(s.rows))
            true, allowed = log_abs_det(J, spread, s.c, s.trial, 1e-5)
        except Exception:  # the point may lie outside of the other direction's domain
            return None
        known = onp.isfinite(true) & (allowed < 1e-3)
        if known.sum() < 3 or not near(s.c[known], -true[known], 1e-4).all():
            return None
    return "it is evaluated at x, not at z"


CANDIDATES = {
    "the diagonal of L, not of U": _zero_linear,
    "it is always 0": lambda s: [0 * s.t],
    "the sign is flipped": lambda s: [-s.t],
    "log(det) without the absolute value": _not_absolute,
    "it is det, not its logarithm": _determinants,
    "exp(s) is summed, not s": _sums(onp.exp),
    "|s| is summed, not s": _sums(onp.abs),
}


# --- one number for each trial: a ratio, a constant ---


def _by_ratio(samples):
    ratios = []
    for s in samples:
        if onp.abs(s.t).max() < 1e-6:
            continue
        r = float(s.c @ s.t / (s.t @ s.t))
        if not onp.isfinite(r) or not near(s.c, r * s.t).all():
            return None
        ratios.append((r, s))
    if not ratios:
        return None
    shape = ratios[0][1].trial.subject.in_shape
    if len(shape) == 3 and all(abs(r * prod(shape[1:]) - 1) < 1e-3 for r, _ in ratios):
        return "the factor H*W is missing"
    r, same = ratios[0][0], max(r for r, _ in ratios) - min(r for r, _ in ratios) < 1e-3
    is_mean = all(min(abs(r * s.dim - 1), abs(r * s.changed() - 1)) < 1e-3 for r, s in ratios)
    # One half at D = 2 alone may be a mean or a factor: neither is named.
    if is_mean and not (same and abs(r - 0.5) < 1e-3):
        return "it is the mean over dimensions, not the sum"
    if same and min(abs(r - 2), abs(r - 0.5)) < 1e-3:
        return "it is off by the factor 2: std where variance is meant, or exp(s/2)"
    return "it is multiplied by a number" if same and abs(r - 1) > 1e-3 else None


def _by_constant(samples):
    offsets = [(float(onp.mean(s.c - s.t)), s) for s in samples]
    if not all(near(s.c, s.t + offset).all() for offset, s in offsets):
        return None
    each = [abs(offset) / s.dim for offset, s in offsets]
    subject = samples[0].trial.subject
    lengths = [high - low for low, high in (subject.domain, subject.codomain) if onp.isfinite(high - low)]
    known = {log(256): "log 256 per dimension is missing", 0.5 * log(2 * pi): "the normalising constant is missing"}
    known |= {abs(log(length)): "logit's scale term is missing" for length in lengths}  # of an interval that is not 1
    for number, name in known.items():
        if number > 1e-3 and all(abs(e - number) < 1e-4 for e in each):
            return name
    return "it is off by a constant"


# --- a chain ---


def name_in_chain(trial: Trial, direction: str) -> str | None:
    """Which layers' log-dets were summed, where it was not all of them."""
    truths = [check_jacobian(layer, "forward").evidence for layer in trial.layers]
    if any(t is None for t in truths):
        return None
    sign = 1.0 if direction == "forward" else -1.0
    each = [sign * onp.asarray(t["expected"]) for t in truths]
    claimed = trial.there[1] if direction == "forward" else trial.back[1]
    ends = (each[-1], each[0])
    if any(near(claimed, end, 1e-4).all() for end in ends):
        return "only the last layer's"
    if any(near(claimed, sum(each) - e, 1e-4).all() for e in each):
        return "a layer's log_det is left out"
    return None
