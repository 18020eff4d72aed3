"""D: the density of a flow against its definition, and the density that comes with a draw against the density.

log_prob(x) = log q(z) + log|det dz/dx|,     z = inverse(x), q the base density, the Jacobian a numeric one
sample_and_log_prob gives x and log_prob(x), (N, *event) and (N,), in the dtype of the parameters
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.check.finding import Finding, Symptom, not_applicable
from nfscratch.check.judging import judged
from nfscratch.check.letters.jacobian import log_abs_det
from nfscratch.check.rows import apart, flat
from nfscratch.check.trial import Trial

JOINT = "log_prob of sample_and_log_prob against log_prob"


def check_definition(trial: Trial) -> Finding:
    """D, of log_prob."""
    s = trial.subject
    if s.log_prob is None:
        return not_applicable("D", "no log_prob was given")
    with onp.errstate(all="ignore"):
        claimed = _double(s.log_prob(trial.x.copy()))
    if claimed.shape != (len(trial),):
        return not_applicable("D", "log_prob is not one number for each row, as S says")
    return _against_definition(trial, claimed)


def _against_definition(trial, claimed):
    s, z, (J, spread, _, _) = trial.subject, trial.back[0], trial.numeric_back
    log_det, allowed = log_abs_det(J, spread, claimed, trial)
    with onp.errstate(all="ignore"):
        q = _double(s.q(z))
        allowed = allowed + trial.slack_of_base(z, q)
        error = apart(claimed, q + log_det)
    evidence = {
        "z": flat(z), "x": flat(trial.x), "yours": claimed, "expected": q + log_det, "q": q, "log_det": log_det,
        "q_at_x": _double(s.q(trial.x)), "J": J,
    }  # fmt: skip
    return judged("D", "log_prob against log q(z) + log|det J|", error, allowed, trial, evidence, "x")


def check_joint(trial: Trial, rng: onp.random.Generator) -> Finding:
    """D, of sample_and_log_prob."""
    s = trial.subject
    if s.sample_and_log_prob is None or len(trial) == 0:
        return not_applicable("D", "no sample_and_log_prob")
    x, claimed = (onp.asarray(a) for a in s.sample_and_log_prob(rng, len(trial)))
    return _misshapen(s, x, claimed, len(trial)) or _against_log_prob(trial, x, claimed)


def _misshapen(s, x, claimed, n):
    wanted = ((n, *s.out_shape), (n,))
    if (x.shape, claimed.shape) == wanted and x.dtype == s.dtype and claimed.dtype == s.dtype:
        return None
    got = f"{x.shape} {x.dtype} and {claimed.shape} {claimed.dtype}"
    words = f"sample_and_log_prob must give {wanted[0]} and {wanted[1]} in {s.dtype}; got {got}"
    return Finding("D", JOINT, onp.inf, 0.0, words, symptom=Symptom.SHAPE)


def _against_log_prob(trial, x, claimed):
    s, draws = trial.subject, _trial_at(trial, trial.apply("inverse", x)[0])
    with onp.errstate(all="ignore"):
        q, expected = _double(s.q(draws.z)), _double(s.log_prob(x))
        allowed = draws.allowed_log_prob
        error = apart(claimed, expected)
    evidence = {
        "z": flat(draws.z), "x": flat(x), "yours": claimed, "expected": expected, "q": q, "log_det": draws.there[1],
    }  # fmt: skip
    return judged("D", JOINT, error, allowed, draws, evidence, "x", Symptom.JOINT)


def _trial_at(trial, z):
    twin = None if trial.twin is None else Trial(trial.twin.subject, z.astype("float64"))
    return Trial(trial.subject, z, twin, trial.limit)


def _double(a: Any) -> Any:
    return onp.asarray(a, dtype=onp.float64)
