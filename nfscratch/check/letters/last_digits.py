"""How far the last digits of z and x carry, measured. A companion of R, X and E.

The bound of trial.py comes from the Jacobian by finite differences, whose steps can be longer than a wave of the map.
Here z moves by a few of its last digits, x by as much as forward answers to that, and the change of both directions is
what rounding may cost:

    dx = max(|forward(z (1 +- u)) - x|, u |x|),    cost = max over signs of |inverse(x +- dx) - inverse(x)|
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.check.domains import inside
from nfscratch.check.rows import flat, largest
from nfscratch.check.trial import Trial

DIGITS, DRAWS, MARGIN = 4.0, 4, 16.0


def cost_of_last_digits(trial: Trial) -> tuple[Any, Any]:
    """(N,) each: what rounding may cost in z, and in the sum of the log-dets."""
    rng = onp.random.default_rng(0)
    cost, cost_of_sum = onp.zeros(len(trial)), onp.zeros(len(trial))
    for _ in range(DRAWS):
        try:
            change, change_of_sum = _changes(trial, rng)
        except Exception:  # the subject's own, of any kind: it refuses a point beside those that it was asked
            break
        cost, cost_of_sum = onp.fmax(cost, change), onp.fmax(cost_of_sum, change_of_sum)
    return MARGIN * cost, MARGIN * cost_of_sum


def _changes(trial, rng):
    """Of both directions, for one draw of signs."""
    s, u = trial.subject, DIGITS * trial.subject.precision
    moved, log_det = trial.apply("forward", _moved(rng, trial.z, u * onp.abs(trial.z), s.domain))
    step = onp.maximum(onp.abs(moved - trial.x), u * onp.abs(trial.x))
    back, log_det_back = trial.apply("inverse", _moved(rng, trial.x, step, s.codomain))
    change_of_sum = onp.abs(log_det - trial.there[1]) + onp.abs(log_det_back - trial.back[1])
    return largest(flat(back) - flat(trial.back[0])), change_of_sum


def _moved(rng, points, step, where):
    moved = (points + rng.choice([-1.0, 1.0], size=points.shape) * step).astype(points.dtype)
    stays = inside(where, moved).reshape(-1, *[1] * (points.ndim - 1))
    return onp.where(stays, moved, points)
