"""X and J by name: which mistake makes this log_det. Each would-be value comes from the numeric Jacobian.

With t = log|det J| the truth, c the claim, and l_i = log|J_ii| where J is triangular in some order:

    c = -t           sign                    c = t / D, t / |changed|    mean         c = 2 t      exp(s/2)
    c = sum exp l_i  exp(s) summed           c = sum |l_i|               |s|          c = det      no logarithm
    c - t the same at every point of a draw: a constant                    none of all: the formula
"""

from __future__ import annotations

from itertools import product
from math import log, pi, prod
from typing import Any

import numpy as onp

from nfscratch.check.diagnosis.clamp import scales
from nfscratch.check.diagnosis.means import takes_mean
from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.check.diagnosis.triangles import holds_triangle
from nfscratch.check.diagnosis.wrong_branches import by_side, is_half_identity
from nfscratch.check.diagnosis.wrong_clamp import by_inverse_clamp
from nfscratch.check.diagnosis.wrong_contraction import by_series, is_sum_over_probes
from nfscratch.check.diagnosis.wrong_inverse import first_name
from nfscratch.check.diagnosis.wrong_linear import by_factor
from nfscratch.check.diagnosis.wrong_planar import planar_mistake
from nfscratch.check.diagnosis.wrong_point import by_point
from nfscratch.check.diagnosis.wrong_radial_slope import radial_mistake
from nfscratch.check.diagnosis.wrong_spline import spline_mistake
from nfscratch.check.diagnosis.wrong_terms import (
    by_any_clamp,
    by_branch,
    by_distance,
    by_subset,
    by_unclamped_scale,
    near,
)
from nfscratch.check.letters.jacobian import check_jacobian
from nfscratch.check.rows import flat
from nfscratch.check.trial import OTHER, Trial

EXACT, INEXACT = 2e-6, 1e-3  # of a log_det: of one number in float64, and of others


class Sample:
    """Claim and truth of one direction at one trial, where the truth is known well."""

    def __init__(self, trial: Trial, direction: str, finding: Any = None):
        if finding is None:  # a wrong number says more than a claim that is NaN
            finding = check_jacobian(trial, direction, finite_only=True)
            finding = finding if finding.failed else check_jacobian(trial, direction)
        evidence = finding.evidence or {}
        self.trial, self.direction, self.failed = trial, direction, finding.failed
        self.rows = evidence.get("rows", onp.zeros(len(trial), dtype=bool))
        self.c, self.t = (onp.asarray(evidence[k])[self.rows] for k in ("yours", "expected")) if evidence else ([], [])
        self.J = evidence["J"][self.rows] if evidence else onp.zeros((0, 1, 1))
        self.at, self.there = (flat(trial.input(d))[self.rows] for d in (direction, OTHER[direction]))

    dim = property(lambda self: self.J.shape[1])

    def logs(self) -> Any:
        """l_i (N, D) where det J is the product of the diagonal, so that J is triangular in some order; else None."""
        diagonal = onp.abs(onp.diagonal(self.J, axis1=1, axis2=2))
        with onp.errstate(all="ignore"):
            l = onp.log(diagonal)
        return l if onp.isfinite(l).all() and near(l.sum(axis=1), self.t).all() else None

    def changed(self) -> int:
        """How many variables the map changes."""
        unit = onp.abs(self.J - onp.eye(self.dim)).max(axis=(0, 2)) < 1e-7
        return max(1, self.dim - int(unit.sum()))


def name_log_det(samples: list[Sample]) -> Mistake:
    """The mistake that fits at every dimension and draw."""
    samples = [s for s in samples if len(s.c)]
    if not any(s.failed for s in samples):
        return Mistake.LOG_DET_FORMULA
    for mistake, prediction in CANDIDATES.items():
        if all(_fits(s, prediction(s)) for s in samples):
            one_sided = mistake is Mistake.SIGN and samples[0].direction == "forward" and is_half_identity(samples)
            return Mistake.ONE_BRANCH if one_sided else _of_zero(mistake, samples)
    looks = (
        by_branch, _by_ratio, by_factor, _by_constant, by_subset, by_side, by_unclamped_scale, by_inverse_clamp,
        planar_mistake, radial_mistake, spline_mistake, by_point, by_series, by_any_clamp, by_distance,
    )  # fmt: skip
    found = first_name(looks, samples) or Mistake.LOG_DET_FORMULA
    clamps = found is not Mistake.UNCLAMPED or all(scales(s.trial) for s in samples)
    return found if clamps else Mistake.LOG_DET_FORMULA


def _fits(sample, predictions):
    """Whether one of the predictions is the claim in all rows, to which a NaN may be predicted too."""
    return any(p is not None and (near(sample.c, p) | (onp.isnan(sample.c) & onp.isnan(p))).all() for p in predictions)


def _zero_linear(s):
    dense = onp.abs(onp.triu(s.J, 1)).max(initial=0) > 1e-9 and onp.abs(onp.tril(s.J, -1)).max(initial=0) > 1e-9
    linear = onp.ptp(s.J, axis=0).max(initial=0) < 1e-6
    return [0 * s.t if s.dim == 1 or (linear and dense) else None]


def _of_zero(mistake, samples):
    """A matrix of one number has no L, and one that is not factorised has none: there 0 is just that."""
    if mistake is not Mistake.DIAGONAL_OF_L:
        return mistake
    factorised = any(s.dim > 1 and holds_triangle(s.trial, s.direction) for s in samples)
    return mistake if factorised else Mistake.ALWAYS_ZERO


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


CANDIDATES = {
    Mistake.DIAGONAL_OF_L: _zero_linear,
    Mistake.ALWAYS_ZERO: lambda s: [0 * s.t],
    Mistake.SIGN: lambda s: [-s.t],
    Mistake.NO_ABSOLUTE_VALUE: _not_absolute,
    Mistake.NO_LOGARITHM: _determinants,
    Mistake.EXP_SUMMED: _sums(onp.exp),
    Mistake.ABSOLUTE_SUMMED: _sums(onp.abs),
}


# --- one number for each trial: a ratio, a constant ---


def _by_ratio(samples):
    """c = r t, with one r for each trial."""
    ratios = [(_ratio(s), s) for s in samples if not onp.abs(s.t).max() < 1e-6]
    if not ratios or any(r is None for r, _ in ratios):
        return None
    same = max(r for r, _ in ratios) - min(r for r, _ in ratios) < 1e-3
    if (found := _over_pixels(ratios) or _over_dimensions(ratios, same)) is not None or not same:
        return found
    # Any factor fits a log_det that is one number: there the terms may say more, and a factor has to be a usual one.
    if not all(onp.ptp(s.t) < 1e-7 * (1 + onp.abs(s.t).max()) for s in samples):
        return _one_factor(ratios)
    several = len({round(float(s.t.mean()), 6) for s in samples}) > 1
    usual = any(all(_is_exactly(f, s) for _, s in ratios) for k in (2, 3, 4) for f in (k, 1 / k))
    return by_subset(samples) or by_factor(samples) or (_one_factor(ratios) if several or usual else None)


def _ratio(s):
    r = float((s.c * s.t).sum() / (s.t * s.t).sum())
    return r if onp.isfinite(r) and near(s.c, r * s.t).all() else None


def _over_pixels(ratios):
    shape = ratios[0][1].trial.subject.in_shape
    per_pixel = len(shape) == 3 and all(abs(r * prod(shape[1:]) - 1) < 1e-3 for r, _ in ratios)
    return Mistake.PIXELS_MISSING if per_pixel else None


def _over_dimensions(ratios, same):
    """A mean. One half at D = 2 alone may be a factor, too: then the function has to call a mean."""
    of_all, of_changed = ([abs(r * k - 1) < 1e-3 for (r, _), k in zip(ratios, sizes, strict=True)]
                          for sizes in ([s.dim for _, s in ratios], [s.changed() for _, s in ratios]))  # fmt: skip
    is_mean = all(of_all) or all(of_changed)
    half = same and abs(ratios[0][0] - 0.5) < 1e-3 and not all(takes_mean(s.trial, s.direction) for _, s in ratios)
    return (Mistake.MULTIPLIED if half else Mistake.MEAN) if is_mean else None


def _one_factor(ratios):
    r = ratios[0][0]
    if min(abs(r - 2), abs(r - 0.5)) < 1e-3:
        return Mistake.FACTOR_TWO if any(all(_is_exactly(k, s) for _, s in ratios) for k in (2, 0.5)) else None
    if is_sum_over_probes(r) and all(_may_be_estimated(s) for _, s in ratios):
        return Mistake.PROBES_SUMMED
    return Mistake.MULTIPLIED if abs(r - 1) > 1e-3 else None


def _is_exactly(k, s):
    """Whether c = k t: where t is one number, to the digits that differences have, since it fits roughly by chance."""
    one_number = s.trial.subject.dtype == onp.float64 and onp.ptp(s.t) < 1e-7 * (1 + onp.abs(s.t).max())
    return bool(near(s.c, k * s.t, EXACT if one_number else INEXACT).all())


def _may_be_estimated(s):
    """Whether J is I plus a contraction that moves every variable: of a coupling nobody estimates the log-det."""
    contracts = onp.linalg.norm(s.J - onp.eye(s.dim), 2, axis=(1, 2)).max() < 0.85
    return contracts and s.changed() == s.dim


def _by_constant(samples):
    offsets = [(float(onp.mean(s.c - s.t)), s) for s in samples]
    if not all(near(s.c, s.t + offset).all() for offset, s in offsets):
        return None
    each = [abs(offset) / s.dim for offset, s in offsets]
    for number, mistake in _known_constants(samples[0].trial.subject).items():
        if number > 1e-3 and all(abs(e - number) < 1e-4 for e in each):
            return mistake
    if all(map(_is_logit_scale, offsets)):
        return Mistake.LOGIT_SCALE
    return by_subset(samples) or Mistake.OFF_BY_CONSTANT  # the first column of an autoregressive map has one scale


def _is_logit_scale(offset_and_sample):
    """Whether x = logit(a + k z), and the constant is log k for each variable; or z so of x."""
    offset, s = offset_and_sample
    for u, v in ((s.at, s.there), (s.there, s.at)):
        share = 1 / (1 + onp.exp(-v))
        k, a = onp.polyfit(u.ravel(), share.ravel(), 1)
        if near(share, a + k * u, 1e-8).all() and abs(abs(offset) - s.dim * abs(log(abs(k)))) < 1e-4:
            return True
    return False


def _known_constants(subject):
    """Constants per dimension; those of logit come from an interval whose length is not 1."""
    lengths = onp.concatenate([onp.ravel(high - low) for low, high in (subject.domain, subject.codomain)])
    lengths = lengths[onp.isfinite(lengths)].tolist()
    known = {log(256): Mistake.LEVELS_MISSING, 0.5 * log(2 * pi): Mistake.CONSTANT_OF_BASE}
    return known | {abs(log(length)): Mistake.LOGIT_SCALE for length in lengths}
