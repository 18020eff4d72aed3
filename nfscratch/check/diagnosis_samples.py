"""Which other distribution do these samples have, or is it the base that is not what it says of itself?"""

from __future__ import annotations

from math import log, pi
from typing import Any

import numpy as onp

from nfscratch.check.bridge import fitted_shift, worst_moment
from nfscratch.check.samples import bridge_to_base, distance_from
from nfscratch.check.trial import Trial, flat


def name_samples(trial: Trial, evidence: dict[str, Any]) -> tuple[str, str]:
    """(what is wrong, the mistake)."""
    if "x" not in evidence:
        return "sample", "the samples have a wrong shape, or are not finite"
    if evidence["kind"] == "repeated":
        return "sample", "the same points come twice"
    if evidence["kind"] == "atom":
        return "sample", "the draws are clamped" if evidence["extreme"] else "one value comes again and again"
    rng = onp.random.default_rng(0)
    if (name := _of_base(trial, evidence, rng)) is not None:
        return "base", name
    if evidence["kind"] == "rows":
        return "sample", "rows of a sample depend on each other"
    return "sample", _carried(trial, evidence, rng)


def _of_base(trial, evidence, rng):
    """What is wrong with the base by itself: its own draws under its own log_prob."""
    base, dim = evidence["base"], trial.subject.dim
    if base is None:
        return None
    error, allowed, _ = bridge_to_base(trial, base, rng)
    if error <= allowed:  # no constant, then: a moment, or nothing
        error, allowed = _moments_of_base(trial, rng) if evidence["kind"] == "moments" else (0.0, 1.0)
        return None if error <= allowed else "its samples do not follow its own log_prob"
    error, allowed, _ = bridge_to_base(trial, base, rng, -0.5 * dim * log(2 * pi))
    if error <= allowed:
        return "the normalising constant is missing"
    if _missing_constant(trial, base, rng):
        return "a constant is missing"
    return "its samples do not follow its own log_prob"


def _moments_of_base(trial, rng, n=100_000):
    s = trial.subject
    error, allowed, _, _ = worst_moment(flat(s.base_sample(rng, n)), s.log_q, rng)
    return error, allowed


def _missing_constant(trial, base, rng):
    """The number c for which the bridge from q e^c holds, found on one half of the draws and judged on the other."""
    half = len(base) // 2
    c = fitted_shift(base[:half], trial.subject.log_q, rng)
    if c is None:
        return False
    error, allowed, _ = bridge_to_base(trial, base[half:], rng, c)
    return error <= allowed


def _carried(trial, evidence, rng):
    """Samples that are the base's, or were carried the wrong way, or came from a uniform base."""
    x, z, base = evidence["x"], evidence["z"], evidence["base"]

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
