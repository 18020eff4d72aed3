"""Out of reach: what E excuses of plain functions beyond |z| = 100, where no draw comes. A note of the report says it.

overflow            an exp on the way to an ordinary number leaves the range of the dtype
end of a search     a bisection has a bracket, and gives its end: one that reaches 45 standard deviations is wide
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.check.domains import bounded, into
from nfscratch.check.overflow import overflows
from nfscratch.check.rows import flat, largest
from nfscratch.check.trial import Trial

FAR, FARTHER = 100.0, 1000.0
REACH = 45.0
NEAR = 3.0


def is_out_of_reach(trial: Trial) -> Any:
    """For each row, whether it lies so far out, in a map of plain functions."""
    return (largest(trial.z) >= FAR) & (trial.subject.bijection is None)


def ends_of_search(trial: Trial) -> Any:
    """For each row, whether a user's inverse(forward(z)) falls short of z, at a number beyond REACH."""
    back = flat(trial.back[0])
    return (_falls_short(back, flat(trial.z)) & (onp.abs(back) >= REACH)).any(axis=1) & (
        trial.subject.bijection is None
    )


def fall_short(there: Trial, x: Any) -> Any:
    """For each row of x, whether a user's inverse gives a z beyond REACH, and forward(z) falls short of x.

    there: a trial at these z.
    """
    short = _falls_short(flat(there.x), flat(x)).any(axis=1)
    return short & (largest(there.z) >= REACH) & (there.subject.bijection is None)


def _falls_short(came, wanted):
    """Where a number lies between 0 and the wanted one, and not beside it."""
    with onp.errstate(all="ignore"):
        apart = onp.abs(came - wanted) > 1e-3 * onp.maximum(1.0, onp.abs(wanted))
        return apart & (onp.abs(came) < onp.abs(wanted)) & (onp.sign(came) == onp.sign(wanted))


def _comes_back(trial):
    """Whether inverse undoes forward near 0: else it is wrong, and not at the end of a bracket."""
    near = largest(trial.z) <= NEAR
    error = largest(flat(trial.back[0]) - flat(trial.z))
    return near.any() and bool((error[near] <= 1e-3).all())


def words_of_far_out(trial: Trial) -> list[str]:
    """What a report says of a trial's map out there; nothing where all is well, or out of its domain."""
    s = trial.subject
    if bounded(s.domain):
        return []
    rows = FARTHER * onp.array([1.0, -1.0])[:, None] * onp.ones((2, s.dim))
    there = Trial(s.at([0, 0]), into(s.domain, rows).reshape(-1, *s.in_shape).astype(s.dtype))
    x, log_det = there.there
    bad = ~(onp.isfinite(flat(x)).all(axis=1) & onp.isfinite(log_det))
    if (bad & ~overflows(there, there.z, "forward")).any():
        return [f"forward is not finite at |z| = {FARTHER:g}, where no draw comes: its formula overflows"]
    if not bad.any() and _comes_back(trial) and ends_of_search(there).any():
        return [f"inverse gives the end of its bracket for |z| = {FARTHER:g}, where no draw comes"]
    return []
