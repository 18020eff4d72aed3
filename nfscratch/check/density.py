"""D: the density of a flow against its definition, and the density that comes with a draw against the density.

log_prob(x) = log q(z) + log|det dz/dx|,     z = inverse(x), q the base density, the Jacobian a numeric one
sample_and_log_prob gives x and log_prob(x), (N, *event) and (N,), in the dtype of the parameters
"""

from __future__ import annotations

import numpy as onp

from nfscratch.check.finding import Finding, not_applicable
from nfscratch.check.laws import judged, log_abs_det
from nfscratch.check.trial import Trial, apart, flat


def check_definition(trial: Trial) -> Finding:
    """D, of log_prob."""
    s = trial.subject
    if s.log_prob is None:
        return not_applicable("D", "no log_prob was given")
    with onp.errstate(all="ignore"):
        claimed = onp.asarray(s.log_prob(trial.x.copy()), dtype=onp.float64)
    if claimed.shape != (len(trial),):
        return not_applicable("D", "log_prob is not one number for each row, as S says")
    J, spread, _, _ = trial.numeric_back
    log_det, allowed = log_abs_det(J, spread, claimed, trial)
    z = trial.back[0]
    with onp.errstate(all="ignore"):
        q = onp.asarray(s.q(z), dtype=onp.float64)
        allowed = allowed + trial.slack_of_base(z, q)
        error = apart(claimed, q + log_det)
    evidence = {
        "z": flat(z), "x": flat(trial.x), "yours": claimed, "expected": q + log_det, "q": q, "log_det": log_det,
        "q_at_x": onp.asarray(s.q(trial.x), dtype=onp.float64), "J": J,
    }  # fmt: skip
    return judged("D", "log_prob against log q(z) + log|det J|", error, allowed, trial, evidence, "x")


def check_joint(trial: Trial, rng: onp.random.Generator) -> Finding:
    """D, of sample_and_log_prob."""
    s, what = trial.subject, "log_prob of sample_and_log_prob against log_prob"
    if s.sample_and_log_prob is None or len(trial) == 0:
        return not_applicable("D", "no sample_and_log_prob")
    x, claimed = (onp.asarray(a) for a in s.sample_and_log_prob(rng, len(trial)))
    wanted = ((len(trial), *s.out_shape), (len(trial),))
    if (x.shape, claimed.shape) != wanted or x.dtype != s.dtype or claimed.dtype != s.dtype:
        got = f"{x.shape} {x.dtype} and {claimed.shape} {claimed.dtype}"
        words = f"sample_and_log_prob must give {wanted[0]} and {wanted[1]} in {s.dtype}; got {got}"
        return Finding("D", what, onp.inf, 0.0, words, evidence={"kind": "shape"})
    draws = _trial_at(trial, trial.apply("inverse", x)[0])
    with onp.errstate(all="ignore"):
        q = onp.asarray(s.q(draws.z), dtype=onp.float64)
        expected = onp.asarray(s.log_prob(x), dtype=onp.float64)
        allowed = draws.allowed_log_prob
        error = apart(claimed, expected)
    evidence = {
        "kind": "joint", "z": flat(draws.z), "x": flat(x), "yours": claimed, "expected": expected, "q": q,
        "log_det": draws.there[1],
    }  # fmt: skip
    return judged("D", what, error, allowed, draws, evidence, "x")


def _trial_at(trial, z):
    twin = None if trial.twin is None else Trial(trial.twin.subject, z.astype("float64"))
    return Trial(trial.subject, z, twin, trial.limit)
