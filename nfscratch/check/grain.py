"""Grain: how coarse the steps are in which a map answers. A network of float32 inside a map of float64 has steps.

    grain = |f(a + d) - f(a) - J d|,    |d_i| = 1e-7 max(1, |a_i|)

A smooth map bends by 1e-14 f'' over so short a way. One that rounds to float32 somewhere jumps by 1e-8 or more, and in
another order of sums, as in a batch of another size, by as much.
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.check.rows import flat
from nfscratch.check.trial import Trial

SHORT, DRAWS = 1e-7, 4


def grain(trial: Trial, direction: str) -> tuple[float, float]:
    """Of the result and of log_det: the median over the usable rows, the largest of several d."""
    rng, rows = onp.random.default_rng(0), trial.usable
    J, _, slope, _ = trial.numeric_of(direction)
    a, log_det = trial.input(direction), trial.claimed(direction)
    y = trial.x if direction == "forward" else trial.back[0]
    found = onp.zeros(2)
    for _ in range(DRAWS):
        d = SHORT * onp.maximum(1.0, onp.abs(a)) * rng.choice([-1.0, 1.0], size=a.shape)
        try:
            moved, log_det_moved = trial.apply(direction, a + d)
        except Exception:  # of any kind: it refuses a point beside those that it was asked
            return 0.0, 0.0
        line, line_of_log_det = onp.einsum("nij,nj->ni", J, flat(d)), (slope * flat(d)).sum(axis=1)
        off = onp.abs(flat(moved) - flat(y) - line).max(axis=1)
        off_log_det = onp.abs(log_det_moved - log_det - line_of_log_det)
        found = onp.fmax(found, [_of_most(off[rows]), _of_most(off_log_det[rows])])
    return float(found[0]), float(found[1])


def _of_most(values: Any) -> float:
    """The median over rows: one row beside a kink does not make a map coarse."""
    values = values[onp.isfinite(values)]
    return float(onp.median(values)) if values.size else 0.0
