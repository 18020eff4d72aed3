"""Which mistake makes this log_det? Each would-be value comes from the numeric Jacobian; the one that fits is named.

With t = log|det J| the truth, c the claim, and l_i = log|J_ii| where J is triangular in some order:

    c = -t           sign                    c = t / D, t / |changed|    mean         c = 2 t      exp(s/2)
    c = sum exp l_i  exp(s) summed           c = sum |l_i|               |s|          c = det      no logarithm
    c - t the same at every point of every draw: a constant               none of all: "the formula"
"""

from __future__ import annotations

from itertools import product
from math import log, pi, prod
from typing import Any

import numpy as onp

from nfscratch.check.diagnosis_spline import spline_mistake
from nfscratch.check.laws import check_jacobian, log_abs_det
from nfscratch.check.trial import Trial, flat

FORMULA = "the formula"


class Sample:
    """Claim and truth of one direction at one trial, where the truth is known well."""

    def __init__(self, trial: Trial, direction: str, finding: Any = None):
        finding = check_jacobian(trial, direction) if finding is None else finding
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
        return l if onp.isfinite(l).all() and _near(l.sum(axis=1), self.t).all() else None

    def changed(self) -> int:
        """How many variables are not passed on as they are."""
        unit = onp.abs(self.J - onp.eye(self.dim)).max(axis=(0, 2)) < 1e-7
        return max(1, self.dim - int(unit.sum()))


def _near(c, prediction, tolerance=2e-5):
    with onp.errstate(all="ignore"):
        return onp.abs(c - prediction) <= tolerance * (1.0 + onp.abs(prediction))


def name_log_det(samples: list[Sample]) -> str:
    """The mistake that fits at every dimension and draw."""
    samples = [s for s in samples if len(s.c)]
    if not any(s.failed for s in samples):
        return FORMULA
    for name, prediction in CANDIDATES.items():
        if all(_fits(s, prediction(s)) for s in samples):
            return name
    looks = (_by_branch, _by_ratio, _by_constant, _by_subset, _by_shape, _elsewhere)
    return next((name for look in looks if (name := look(samples)) is not None), FORMULA)


def _fits(sample, predictions):
    """Whether one of the predictions is the claim in all rows, to which a NaN may be predicted too."""
    return any(p is not None and (_near(sample.c, p) | (onp.isnan(sample.c) & onp.isnan(p))).all() for p in predictions)


def _zero_linear(s):
    dense = onp.abs(onp.triu(s.J, 1)).max(initial=0) > 1e-9 and onp.abs(onp.tril(s.J, -1)).max(initial=0) > 1e-9
    linear = onp.ptp(s.J, axis=0).max(initial=0) < 1e-6
    return [0 * s.t if s.dim == 1 or (linear and dense) else None]


def _determinants(s):
    det = onp.linalg.det(s.J)
    return [det, onp.abs(det), 1 / det, 1 / onp.abs(det)]


def _not_absolute(s):
    with onp.errstate(all="ignore"):
        return [onp.log(onp.linalg.det(s.J)), -onp.log(onp.linalg.det(onp.linalg.inv(s.J)))]


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
        if known.sum() < 3 or not _near(s.c[known], -true[known], 1e-4).all():
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
        if not onp.isfinite(r) or not _near(s.c, r * s.t).all():
            return None
        ratios.append((r, s))
    if not ratios:
        return None
    shape = ratios[0][1].trial.subject.in_shape
    if len(shape) == 3 and all(abs(r * prod(shape[1:]) - 1) < 1e-3 for r, _ in ratios):
        return "the factor H*W is missing"
    same = max(r for r, _ in ratios) - min(r for r, _ in ratios) < 1e-3
    r = ratios[0][0]
    is_mean = all(min(abs(r * s.dim - 1), abs(r * s.changed() - 1)) < 1e-3 for r, s in ratios)
    if is_mean:
        return "it is the mean over dimensions, not the sum"
    if same and min(abs(r - 2), abs(r - 0.5)) < 1e-3:
        return "it is off by the factor 2: std where variance is meant, or exp(s/2)"
    return None


def _by_constant(samples):
    offsets = [(float(onp.mean(s.c - s.t)), s) for s in samples]
    if not all(_near(s.c, s.t + offset).all() for offset, s in offsets):
        return None
    each = [offset / s.dim for offset, s in offsets]
    if max(each) - min(each) > 1e-4 * (1 + abs(each[0])):
        whole = [offset for offset, _ in offsets]
        return "a constant is missing" if max(whole) - min(whole) < 1e-4 else None
    subject = samples[0].trial.subject
    if abs(abs(each[0]) - log(256)) < 1e-4:
        return "log 256 per dimension is missing"
    if abs(abs(each[0]) - 0.5 * log(2 * pi)) < 1e-4:
        return "the normalising constant is missing"
    limited = any(onp.isfinite(end) for end in (*subject.domain, *subject.codomain))
    return "logit's scale term is missing" if limited or not _linear(samples) else "a constant is missing"


def _linear(samples):
    return all(onp.ptp(s.J, axis=0).max(initial=0) < 1e-6 for s in samples)


# --- which variables, which branch, which s ---


def _by_subset(samples):
    """Some l_i left out; or an s that was not clamped; or a multiple of the number of points below 0."""
    logs = [s.logs() for s in samples]
    if any(l is None for l in logs):
        return None
    if _unclamped(samples, logs):
        return "the unclamped s is summed"
    if all(any(_near(s.c, l[:, _bits(k, s.dim)].sum(axis=1)).all() for k in range(1, 2**s.dim))
           for s, l in zip(samples, logs, strict=True) if s.dim <= 6):  # fmt: skip
        return "one variable's term is left out"
    return None


def _bits(k, dim):
    return onp.array([bool(k >> i & 1) for i in range(dim)])


def _by_branch(samples):
    return "one branch counts its slope wrongly" if all(_branch(s) for s in samples) else None


def _branch(s):
    for below in ((s.at < 0).sum(axis=1), (s.there < 0).sum(axis=1)):
        gap = s.c - s.t
        slope = gap @ below / max(1, below @ below)
        if _near(gap, slope * below).all() and (below.max(initial=0) > below.min(initial=0) or abs(slope) < 1e-9):
            return True
    return False


def _unclamped(samples, logs):
    """sum of c atanh(l_i / c) for one bound c; or of an s that is cut: right where no |l_i| is at its largest value."""
    for bound in (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 10.0):
        seen = [_raw_sums(s, l, bound) for s, l in zip(samples, logs, strict=True)]
        if all(fits for fits, _ in seen) and any(informative for _, informative in seen):
            return True
    return all(_cut(s, l) for s, l in zip(samples, logs, strict=True))


def _raw_sums(s, l, bound):
    """Whether rows whose tanh can still be inverted fit, and whether there are enough of them."""
    known = (onp.abs(l) < 0.99999 * bound).all(axis=1)
    with onp.errstate(all="ignore"):
        raw = (onp.arctanh(l / bound) * bound).sum(axis=1)
    return bool(_near(s.c[known], raw[known], 1e-3).all()), bool(known.sum() > 2) and s.failed


def _cut(s, l):
    cut = (onp.abs(l) > onp.abs(l).max() - 1e-6).any(axis=1)
    return bool(_near(s.c[~cut], s.t[~cut]).all() and (not s.failed or not _near(s.c[cut], s.t[cut]).all()))


# --- planar layers, splines ---


def _by_shape(samples):
    failing = [s for s in samples if s.failed]
    wide = [s for s in failing if s.dim > 1]
    if wide and all(_rank_one(s) is not None for s in wide):
        for name, ratio in (
            ("planar: u where u_hat belongs", _ratio_to_trace),
            ("planar: h where h' belongs", _ratio_to_h),
        ):
            if all(ratio(s) for s in wide):
                return name
    return spline_mistake(failing)


def _rank_one(s):
    """The unit vector w of J = I + u w^T, or None."""
    _, values, Vt = onp.linalg.svd(s.J - onp.eye(s.dim))
    strong = values[:, 0] > 1e-4
    if not strong.any() or (values[:, 1] > 1e-5 * (1 + values[:, 0])).any():
        return None
    w = Vt[onp.argmax(values[:, 0]), 0]
    return w


def _steady(s, by):
    """(+-e^c - 1) / by is one number for all rows, with the sign that the absolute value hid."""
    strong = onp.abs(by) > 1e-3
    c = (s.c if s.direction == "forward" else -s.c)[strong]
    options = onp.stack([onp.exp(c) - 1, -onp.exp(c) - 1]) / by[strong]
    if options.shape[1] < 4:
        return False
    return any(
        (onp.abs(options - r).min(axis=0) <= 1e-3 * abs(r)).all() for r in options[:, :3].ravel() if abs(r) > 1e-6
    )


def _ratio_to_trace(s):
    J = s.J if s.direction == "forward" else onp.linalg.inv(s.J)
    return _steady(s, onp.trace(J, axis1=1, axis2=2) - s.dim)


def _ratio_to_h(s):
    z, x = (s.at, s.there) if s.direction == "forward" else (s.there, s.at)
    return _steady(s, (x - z) @ _rank_one(s))


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
    if any(_near(claimed, end, 1e-4).all() for end in ends):
        return "only the last layer's"
    if any(_near(claimed, sum(each) - e, 1e-4).all() for e in each):
        return "a layer's log_det is left out"
    return None
