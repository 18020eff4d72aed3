"""Notes: what a report says beside its letters, so that "no mistake found" claims no more than was looked at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as onp

from nfscratch.check.rows import flat, largest
from nfscratch.check.time_limit import TimeLimit
from nfscratch.check.trial import Trial

NEAR = 3.0
COARSE = 1e-3  # an error in z that a plot shows


def notes_of(trial: Trial | None, left_out: Sequence[str], limit: TimeLimit) -> list[str]:
    """Of what the limit of time has left out, or of what a stated accuracy hides. trial: one that R looked at."""
    if left_out:
        return [f"left out, all or in part: {', '.join(dict.fromkeys(left_out))}; {limit.words}"]
    try:
        return [] if trial is None else _of_accuracy(trial)
    except Exception:  # of any kind: the letters say it
        return []


def _of_accuracy(trial):
    s = trial.subject
    near = trial.usable & (largest(trial.z) <= NEAR) & onp.isfinite(trial.allowed)
    if s.bijection is not None or s.accuracy <= s.eps or not near.any():
        return []
    hidden = onp.median(trial.allowed[near])
    came = largest(flat(trial.back[0]) - flat(trial.z))[near].max()
    if came > s.accuracy:
        return [f"near 0 the round trip is off by {came:.1g}: by more than accuracy={s.accuracy:g} says"]
    if hidden < COARSE:
        return []
    return [f"accuracy={s.accuracy:g} hides errors up to {hidden:.1g} in z near 0; the largest there is {came:.1g}"]
