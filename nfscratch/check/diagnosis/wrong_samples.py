"""K by name: which other distribution these samples have, or whether the base is not what it says of itself."""

from __future__ import annotations

from math import log, pi

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake, Named
from nfscratch.check.finding import Symptom
from nfscratch.check.letters.bridge import fitted_shift, worst_moment
from nfscratch.check.letters.sample_statistics import distance_from
from nfscratch.check.letters.samples import bridge_to_base
from nfscratch.check.message import Case
from nfscratch.check.rows import flat


def name_samples(case: Case, cases: list[Case]) -> Named:
    """K: of the samples, or of the base that they come from."""
    evidence, symptom = case.finding.evidence, case.finding.symptom
    if symptom is Symptom.SHAPE:
        return Named(Mistake.SAMPLES_MISSHAPEN, "sample")
    if symptom is Symptom.REPEATED:
        return Named(Mistake.POINTS_TWICE, "sample")
    if symptom is Symptom.ATOM:
        return Named(Mistake.CLAMPED_DRAWS if evidence["extreme"] else Mistake.ATOM, "sample")
    rng = onp.random.default_rng(0)
    if (mistake := _of_base(case.trial, evidence["base"], symptom, rng)) is not None:
        return Named(mistake, "base")
    if symptom is Symptom.ROWS:
        return Named(Mistake.DEPENDENT_ROWS, "sample")
    return Named(_carried(case.trial, evidence, rng), "sample")


def _of_base(trial, base, symptom, rng):
    """What is wrong with the base by itself: its own draws under its own log_prob."""
    if base is None:
        return None
    if _bridged(trial, base, rng):  # no constant, then: a moment, or nothing
        sound = symptom is not Symptom.MOMENTS or _moments_hold(trial, rng)
        return None if sound else Mistake.BASE_SAMPLES
    if _bridged(trial, base, rng, -0.5 * trial.subject.dim * log(2 * pi)):
        return Mistake.CONSTANT_OF_BASE
    return Mistake.CONSTANT_MISSING if _missing_constant(trial, base, rng) else Mistake.BASE_SAMPLES


def _bridged(trial, base, rng, shift=0.0):
    error, allowed, _ = bridge_to_base(trial, base, rng, shift)
    return error <= allowed


def _moments_hold(trial, rng, n=100_000):
    s = trial.subject
    error, allowed, _, _ = worst_moment(flat(s.base_sample(rng, n)), s.log_q, rng)
    return error <= allowed


def _missing_constant(trial, base, rng):
    """Whether the bridge from q e^c holds for a number c, found on one half of the draws and judged on the other."""
    half = len(base) // 2
    c = fitted_shift(base[:half], trial.subject.log_q, rng)
    return c is not None and _bridged(trial, base[half:], rng, c)


UNIFORM = ((0.0, 1.0), (-1.0, 1.0), (-(3**0.5), 3**0.5))


def _carried(trial, evidence, rng):
    """Samples that are the base's, or were carried the wrong way, or came from a uniform base."""
    x, z, base = evidence["x"], evidence["z"], evidence["base"]
    if _is_base(x, base, rng):
        return Mistake.SAMPLES_OF_BASE
    try:
        onward = flat(trial.apply("forward", x.reshape(-1, *trial.subject.in_shape))[0])
        if _is_base(onward, base, rng):
            return Mistake.INVERSE_FOR_FORWARD
    except Exception:  # x may lie outside of forward's domain
        pass
    return Mistake.UNIFORM_BASE if any(_is_uniform(z, low, high) for low, high in UNIFORM) else Mistake.SAMPLES


def _is_base(a, base, rng):
    distance, allowed, _ = distance_from(a, base, rng)
    return distance <= allowed


def _is_uniform(z, low, high):
    """Whether the numbers lie within the ends, with the mean and the spread of a uniform law: a narrow law has less."""
    share = (z - low) / (high - low)
    within = ((share >= -1e-6) & (share <= 1 + 1e-6)).mean() > 0.999
    return within and abs(share.mean() - 0.5) < 0.03 and abs(share.std() - 12**-0.5) < 0.03
