"""Which mistake makes this log_prob? Every wrong definition is computed from z, x, q and the numeric log-det.

    right                  log q(z) + l,     l = log|det dz/dx|,    log q(z) = -1/2 |z|^2 - D/2 log 2 pi

and samples: which other distribution is theirs?
"""

from __future__ import annotations

from math import log, pi
from typing import Any

import numpy as onp

from nfscratch.check.density import distance_from
from nfscratch.check.trial import Trial, flat

UNKNOWN = "the formula"
LOG_2PI = log(2 * pi)


def name_density(evidence_of: list[dict[str, Any]]) -> str:
    """The definition that fits the claims in every trial."""
    for name in DEFINITIONS:
        if all(_fits(e, DEFINITIONS[name](e)) for e in evidence_of):
            return name
    return UNKNOWN


def _fits(e, predictions):
    rows = e["rows"]
    claimed = onp.asarray(e["yours"])[rows]
    return any((onp.abs(claimed - p[rows]) <= 2e-5 * (1 + onp.abs(p[rows]))).all() for p in predictions)


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
    "std where variance is meant": lambda e: [e["q"] + 2 * e["log_det"], e["q"] + 0.5 * e["log_det"]],
}


def name_integral(value: float, dim: int) -> str:
    """A density that integrates to a known constant."""
    if abs(value / (2 * pi) ** (dim / 2) - 1) < 1e-2:
        return "the normalising constant is missing"
    return "the density does not integrate to 1"


def name_samples(trial: Trial, evidence: dict[str, Any]) -> str:
    """Samples that are the base's, or were carried the wrong way, or came from a uniform base."""
    if "x" not in evidence:
        return "the samples have a wrong shape, or are not finite"
    x, z, base = evidence["x"], evidence["z"], evidence["base"]
    rng = onp.random.default_rng(0)

    def is_base(a):
        distance, allowed, _ = distance_from(a, base, rng)
        return distance <= allowed

    if is_base(x):
        return "samples come from the base"
    try:
        onward = flat(trial.apply("forward", x.reshape(-1, *trial.subject.in_shape))[0])
        if is_base(onward):
            return "inverse is used where forward is meant"
    except Exception:  # x may lie outside of forward's domain
        pass
    for low, high in ((0.0, 1.0), (-1.0, 1.0), (-(3**0.5), 3**0.5)):
        share = (z - low) / (high - low)
        if ((share >= -1e-6) & (share <= 1 + 1e-6)).mean() > 0.999 and abs(share.mean() - 0.5) < 0.03:
            return "the base of the samples is uniform"
    return "samples do not follow the density"
