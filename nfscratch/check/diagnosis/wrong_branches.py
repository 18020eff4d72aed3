"""Wrong log-dets of maps with two branches, such as a leaky ReLU: one branch counts its slope wrongly.

    all z_i > 0    the claim is right        all z_i < 0    it is wrong, in every row        or the other way round

This is asked of fresh points, where the numeric Jacobian of an elementwise map is known.
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.check.diagnosis.wrong_terms import near
from nfscratch.check.domains import bounded
from nfscratch.check.rows import flat
from nfscratch.check.trial import Trial

ROWS = 60


def by_side(samples: list[Any]) -> Mistake | None:
    """The claim is right wherever all variables lie on one side of 0, and wrong wherever all lie on the other."""
    wrong = [s for s in samples if s.failed]
    return Mistake.ONE_BRANCH if wrong and all(_one_side(s) for s in wrong) else None


def _one_side(s):
    ends = s.trial.subject.ends(s.direction)
    diagonal = onp.abs(s.J * (1 - onp.eye(s.dim))).max(initial=0.0) < 1e-7
    if not diagonal or bounded(ends) or s.trial.subject.given is not None:
        return False
    above, below = (_rights(s, sign) for sign in (1.0, -1.0))
    return (above.all() and not below.any()) or (below.all() and not above.any())


def _rights(s, sign) -> Any:
    """Whether the claim is right, at fresh rows on one side of 0 with the sizes of those of the sample."""
    rng, subject = onp.random.default_rng(0), s.trial.subject
    rows = onp.resize(onp.arange(len(s.at)), ROWS)
    a = sign * onp.abs(rng.permuted(s.at, axis=0)[rows]) * rng.uniform(0.7, 1.0, size=(ROWS, s.dim)) + sign * 1e-2
    trial = Trial(subject, a.reshape(-1, *subject.in_shape))
    a = trial.z
    J = trial.derivatives(s.direction, a)[0]
    claimed = trial.apply(s.direction, a)[1]
    return near(claimed, onp.linalg.slogdet(J)[1], 1e-5) if onp.isfinite(flat(J)).all() else onp.zeros(ROWS, bool)


def is_half_identity(samples: list[Any]) -> bool:
    """Whether each variable is kept as it is on one side of 0, and has one other slope on the other side."""
    return all(_is_half_identity(s) for s in samples)


def _is_half_identity(s):
    slopes = onp.diagonal(s.J, axis1=1, axis2=2)
    diagonal = onp.abs(s.J * (1 - onp.eye(s.dim))).max(initial=0.0) < 1e-7
    sides = [slopes[s.at > 0], slopes[s.at < 0]]
    flat_sides = all(len(side) and onp.ptp(side) < 1e-6 for side in sides)
    return diagonal and flat_sides and sum(abs(side[0] - 1) < 1e-6 for side in sides) == 1
