"""How far the last digits of z and x carry, measured. A companion of R, X and E.

The bound of trial.py comes from the Jacobian by finite differences, whose steps can be longer than a wave of the map.
Here z moves by a few of its last digits, x by as much as forward answers to that, and the change of both directions is
what rounding may cost:

    dx = max(|forward(z (1 +- u)) - x|, u |x|),    cost = max over signs of |inverse(x +- dx) - inverse(x)|

A map may round numbers that are larger than z and x: a spline on [-B, B] rounds the places of its knots by eps B, near
z = 0 too, and does not see z move by u |z|. So a number that moves without effect moves further, up to
LARGEST eps max(1, |z|).
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.check.domains import inside
from nfscratch.check.rows import flat, largest
from nfscratch.check.trial import Trial

DIGITS, DRAWS, MARGIN = 4.0, 4, 16.0
LONGER, LARGEST = 8.0, 1e4  # by how much a step without effect grows, and how far in units of eps


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
    u = DIGITS * trial.subject.precision
    moved, log_det = _seen(trial, rng, "forward", trial.z, trial.there[0], u * onp.abs(trial.z))
    step = onp.maximum(onp.abs(moved - trial.x), u * onp.abs(trial.x))
    back, log_det_back = _seen(trial, rng, "inverse", trial.x, trial.back[0], step)
    change_of_sum = onp.abs(log_det - trial.there[1]) + onp.abs(log_det_back - trial.back[1])
    return largest(flat(back) - flat(trial.back[0])), change_of_sum


def _seen(trial, rng, direction, points, value, step):
    """A direction at points that have moved by `step`, or by as much more as shows in the value."""
    most = LARGEST * trial.subject.eps * onp.maximum(1.0, onp.abs(points))
    step = onp.maximum(step, most / LARGEST**2)
    while True:
        moved = _moved(rng, points, step, trial.subject.ends(direction))
        y, log_det = trial.apply(direction, moved)
        still = (y == value) & (step < most) if y.shape == step.shape else onp.zeros(step.shape, dtype=bool)
        if not still.any():
            return y, log_det
        step = onp.where(still, onp.minimum(LONGER * step, most), step)


def _moved(rng, points, step, where):
    moved = (points + rng.choice([-1.0, 1.0], size=points.shape) * step).astype(points.dtype)
    stays = inside(where, moved).reshape(-1, *[1] * (points.ndim - 1))
    return onp.where(stays, moved, points)
