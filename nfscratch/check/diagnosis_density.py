"""Which mistake makes this log_prob? Every wrong definition is computed from z, x, q and the numeric log-det.

    right                  log q(z) + l,     l = log|det dz/dx|,    log q(z) = -1/2 |z|^2 - D/2 log 2 pi

The definition that fits in all trials of all dimensions is the name; where none does: "the formula of log_prob".
"""

from __future__ import annotations

from math import log, pi
from typing import Any

import numpy as onp

UNKNOWN = "the formula of log_prob"
LOG_2PI = log(2 * pi)


def name_density(evidence_of: list[dict[str, Any]]) -> str:
    """The definition that fits the claims in every trial."""
    for name in DEFINITIONS:
        if all(_fits(e, DEFINITIONS[name](e)) for e in evidence_of):
            return name
    return _multiple(evidence_of) or _of_the_whole(evidence_of) or UNKNOWN


def _fits(e, predictions):
    rows = e["rows"]
    claimed = onp.asarray(e["yours"])[rows]
    return any((onp.abs(claimed - p[rows]) <= 2e-5 * (1 + onp.abs(p[rows]))).all() for p in predictions)


def _multiple(evidence_of):
    """log q(z) + r l, with one r for every dimension, or with r = 1 / D."""
    ratios = []
    for e in evidence_of:
        l, rest = e["log_det"][e["rows"]], (onp.asarray(e["yours"]) - e["q"])[e["rows"]]
        r = float(rest @ l / max(1e-300, l @ l))
        if not onp.abs(rest - r * l).max(initial=0.0) <= 1e-4 * (1 + onp.abs(l).max(initial=0.0)):
            return None
        ratios.append((r, e["z"].shape[1]))
    if any(dim > 2 for _, dim in ratios) and all(abs(r * dim - 1) < 1e-3 for r, dim in ratios):
        return "log_det is its mean over dimensions"
    r = ratios[0][0]
    return "log_det is multiplied by a number" if all(abs(other - r) < 1e-3 for other, _ in ratios) else None


def _of_the_whole(evidence_of):
    """(log q(z) + l) / D, or a gap that is the same at every point of every trial."""
    dims = {e["z"].shape[1] for e in evidence_of}
    if max(dims) > 1 and all(_fits(e, [onp.asarray(e["expected"]) / e["z"].shape[1]]) for e in evidence_of):
        return "log_prob is multiplied by 1/D"
    gaps = [(onp.asarray(e["yours"]) - e["expected"])[e["rows"]] for e in evidence_of]
    sizes = [1 + onp.abs(e["expected"][e["rows"]]).max(initial=0.0) for e in evidence_of]
    if all(onp.ptp(gap) <= 2e-5 * size for gap, size in zip(gaps, sizes, strict=True)):
        return "a constant is missing"
    return None


def _squares(e):
    return (e["z"] ** 2).sum(axis=1)


DEFINITIONS = {
    "the base term is missing": lambda e: [e["log_det"]],
    "log_det is missing": lambda e: [e["q"]],
    "log_det is subtracted, not added": lambda e: [e["q"] - e["log_det"]],
    "the base is evaluated at x, not at z": lambda e: [e["q_at_x"] + e["log_det"]],
    "the constant is counted once, not D times": lambda e: [
        -0.5 * _squares(e) - 0.5 * LOG_2PI + e["log_det"] + (1e9 if e["z"].shape[1] < 2 else 0)
    ],
    "the normalising constant is missing": lambda e: [e["q"] + 0.5 * e["z"].shape[1] * LOG_2PI + e["log_det"]],
    "the 1/2 in front of the square is missing": lambda e: [e["q"] - 0.5 * _squares(e) + e["log_det"]],
    "log 256 per dimension is missing": lambda e: [
        e["q"] + e["log_det"] + sign * e["z"].shape[1] * log(256) for sign in (1, -1)
    ],
}


def name_joint(evidence_of: list[dict[str, Any]]) -> str:
    """The log_prob that came with draws: log q(z) - l with the l of forward."""
    for name, prediction in {
        "log_det is added, not subtracted": lambda e: e["q"] + e["log_det"],
        "log_det is missing": lambda e: e["q"],
        "the base term is missing": lambda e: -e["log_det"],
    }.items():
        if all(_fits(e, [prediction(e)]) for e in evidence_of):
            return name
    return "it is not log_prob at its own samples"


def name_integral(value: float, dim: int) -> str:
    """A density that integrates to a known constant."""
    if abs(value / (2 * pi) ** (dim / 2) - 1) < 1e-2:
        return "the normalising constant is missing"
    return "the density does not integrate to 1"
