"""D and N by name: which mistake makes this log_prob. Each wrong definition comes from z, x, q and the numeric log-det.

    right                  log q(z) + l,     l = log|det dz/dx|,    log q(z) = -1/2 |z|^2 - D/2 log 2 pi

The definition that fits in all trials of all dimensions is the name; where none fits, the formula is wrong otherwise.
"""

from __future__ import annotations

from math import log, pi
from typing import Any

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake

LOG_2PI = log(2 * pi)
CLOSE = {"float64": 2e-5, "float32": 1e-3}  # relative: definitions differ by constants, and by whole terms


def name_density(evidence_of: list[dict[str, Any]]) -> Mistake:
    """The definition that fits the claims in every trial."""
    for mistake in DEFINITIONS:
        if all(_fits(e, DEFINITIONS[mistake](e)) for e in evidence_of):
            return mistake
    return _multiple(evidence_of) or _of_the_whole(evidence_of) or Mistake.LOG_PROB_FORMULA


def _fits(e, predictions):
    rows = e["rows"]
    claimed = onp.asarray(e["yours"])[rows]
    close = CLOSE[e.get("dtype", "float64")]
    return any((onp.abs(claimed - p[rows]) <= close * (1 + onp.abs(p[rows]))).all() for p in predictions)


def _multiple(evidence_of):
    """log q(z) + r l, with one r for every dimension, or with r = 1 / D."""
    ratios = [(_ratio(e), e["z"].shape[1]) for e in evidence_of]
    if any(r is None for r, _ in ratios):
        return None
    if any(dim > 2 for _, dim in ratios) and all(abs(r * dim - 1) < 1e-3 for r, dim in ratios):
        return Mistake.MEAN_LOG_DET
    return Mistake.LOG_DET_MULTIPLIED if all(abs(r - ratios[0][0]) < 1e-3 for r, _ in ratios) else None


def _ratio(e):
    """r, where the claim is log q(z) + r l in all rows; None where it is not."""
    l, rest = e["log_det"][e["rows"]], (onp.asarray(e["yours"]) - e["q"])[e["rows"]]
    square = (l * l).sum()
    r = float((rest * l).sum() / square) if square else 0.0
    fits = onp.abs(rest - r * l).max() <= 1e-4 * (1 + onp.abs(l).max())
    return r if fits else None


def _of_the_whole(evidence_of):
    """(log q(z) + l) / D, or a gap that is the same at every point of every trial."""
    dims = {e["z"].shape[1] for e in evidence_of}
    if max(dims) > 1 and all(_fits(e, [onp.asarray(e["expected"]) / e["z"].shape[1]]) for e in evidence_of):
        return Mistake.DIVIDED_BY_D
    gaps = [(onp.asarray(e["yours"]) - e["expected"])[e["rows"]] for e in evidence_of]
    sizes = [1 + onp.abs(e["expected"][e["rows"]]).max() for e in evidence_of]
    if all(onp.ptp(gap) <= 2e-5 * size for gap, size in zip(gaps, sizes, strict=True)):
        return Mistake.CONSTANT_MISSING
    return None


def _squares(e):
    return (e["z"] ** 2).sum(axis=1)


DEFINITIONS = {
    Mistake.BASE_MISSING: lambda e: [e["log_det"]],
    Mistake.LOG_DET_MISSING: lambda e: [e["q"]],
    Mistake.LOG_DET_SUBTRACTED: lambda e: [e["q"] - e["log_det"]],
    Mistake.BASE_AT_X: lambda e: [e["q_at_x"] + e["log_det"]],
    Mistake.CONSTANT_ONCE: lambda e: [
        -0.5 * _squares(e) - 0.5 * LOG_2PI + e["log_det"] + (1e9 if e["z"].shape[1] < 2 else 0)
    ],
    Mistake.CONSTANT_OF_BASE: lambda e: [e["q"] + 0.5 * e["z"].shape[1] * LOG_2PI + e["log_det"]],
    Mistake.HALF_MISSING: lambda e: [e["q"] - 0.5 * _squares(e) + e["log_det"]],
    Mistake.LEVELS_MISSING: lambda e: [e["q"] + e["log_det"] + sign * e["z"].shape[1] * log(256) for sign in (1, -1)],
}


JOINT_DEFINITIONS = {
    Mistake.LOG_DET_ADDED: lambda e: e["q"] + e["log_det"],
    Mistake.LOG_DET_MISSING: lambda e: e["q"],
    Mistake.BASE_MISSING: lambda e: -e["log_det"],
}


def name_joint(evidence_of: list[dict[str, Any]]) -> Mistake:
    """The log_prob that came with draws: log q(z) - l with the l of forward."""
    for mistake, prediction in JOINT_DEFINITIONS.items():
        if all(_fits(e, [prediction(e)]) for e in evidence_of):
            return mistake
    return Mistake.NOT_ITS_OWN_LOG_PROB


def name_integral(value: float, dim: int) -> Mistake:
    """A density that integrates to a known constant."""
    if abs(value / (2 * pi) ** (dim / 2) - 1) < 1e-2:
        return Mistake.CONSTANT_OF_BASE
    return Mistake.NOT_NORMALISED
