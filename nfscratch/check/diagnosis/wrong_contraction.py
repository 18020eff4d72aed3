"""X, J and R by name, for maps x = z + F(z) with a contraction F: series, probes, and iterations.

c = sum_{k<=n} tr(A^k) / k                  A = J - I: the series forgets its alternating sign
c = sum_{k<=n} (-1)^{k+1} tr(A^k) / k       and t is another number: the series stops too early
c = P t, P = 3, 4, ...                      P probes are summed, not averaged
z' = z_n of z <- z - (forward(z) - x)       the iteration stops too early, or it does not converge at all
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.check.diagnosis.columns import Columns, same
from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.check.diagnosis.wrong_terms import near
from nfscratch.check.rows import flat

TERMS = 60  # of a series, and
STEPS = 120  # of an iteration, that are tried


def by_series(samples: list[Any]) -> Mistake | None:
    """The first n terms of the series of one of the two directions, with one n for all draws. One term has no sign."""
    for alternates, mistake in ((True, Mistake.SERIES_CUT), (False, Mistake.SERIES_SIGN)):
        for other in (False, True):
            fits = [near(s.c, _partial_sums(s.J, other, alternates)).all(axis=1) for s in samples]
            of_all = onp.all(fits, axis=0)
            if of_all.any():
                return Mistake.TRACE_ALONE if of_all[0] else mistake
    return None


def _partial_sums(J, other, alternates):
    """(TERMS, N). other: the claim is minus the series of the inverse map's Jacobian."""
    with onp.errstate(all="ignore"):
        A = (onp.linalg.inv(J) if other else J) - onp.eye(J.shape[1])
        power, terms = onp.zeros_like(A) + onp.eye(J.shape[1]), []
        for k in range(1, TERMS + 1):
            power = power @ A
            sign = -1.0 if alternates and k % 2 == 0 else 1.0
            terms.append(sign / k * onp.trace(power, axis1=1, axis2=2))
        return (-1.0 if other else 1.0) * onp.cumsum(terms, axis=0)


def is_sum_over_probes(ratio: float) -> bool:
    """Whether c = ratio t looks like a sum over so many probes. Two would be a factor 2, which has other causes."""
    return ratio > 2.5 and abs(ratio - round(ratio)) < 1e-3


def cut_iteration(c: Columns) -> Mistake | None:
    """z' is one of the first iterates from x on; or it is right in the very rows in which the iteration converges."""
    z = c.x
    for _ in range(STEPS):
        last, z = z, z - _step(c, z)
        if same(z, c.back).all():
            return _by_its_steps(c, z - last, _step(c, z))
    arrives, right = same(z, c.z).all(axis=1), same(c.back, c.z).all(axis=1)
    folds = (onp.linalg.det(c.J) <= 0).any()  # that has a name of its own
    return Mistake.NO_CONTRACTION if right.any() and (arrives == right).all() and not folds else None


def cut_closely(c: Columns) -> Mistake | None:
    """An iterate that is so near to z that only a closer look tells it from z: much nearer to z' than z is."""
    z, off = c.x, onp.abs(c.back - c.z).max()
    for _ in range(STEPS):
        z = z - _step(c, z)
        if not onp.abs(z - c.z).max() > 1e-2 * off:  # it has gone past
            return None
        if onp.abs(z - c.back).max() < 1e-3 * off:
            return Mistake.TOO_FEW_STEPS
    return None


def _step(c, z):
    """forward(z) - x, which is 0 at the solution."""
    with onp.errstate(all="ignore"):
        there = c.trial.apply("forward", z.reshape(-1, *c.trial.subject.in_shape).astype(c.trial.subject.dtype), c.rows)
        return flat(there[0]) - c.x


def _by_its_steps(c, last, following):
    """A contraction's steps become shorter, wherever it stands."""
    bad = ~same(c.back, c.z).all(axis=1)
    last, following = (onp.linalg.norm(step, axis=1)[bad] for step in (last, following))
    return Mistake.NO_CONTRACTION if (following > 0.99 * last).any() else Mistake.TOO_FEW_STEPS
