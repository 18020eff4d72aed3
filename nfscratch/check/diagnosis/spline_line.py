"""A line through a trial on which one variable moves: where a spline shows its pieces.

The variable is the last one whose own derivative changes. The line spans the domain where that is an interval, and else
the box in which splines usually live.
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.check.domains import ends_of
from nfscratch.check.rows import finite_matrices, flat
from nfscratch.check.trial import Trial

BOX = 3.0  # half of the span on the real line
FINE = ((0.05, 1e-10), (0.01, 1e-12))  # the width of a stretch, as a share of the span, and what p / q may miss there


def variable(trial: Trial) -> int:
    """The last variable that is bent: J_jj is not one number."""
    J = trial.J[finite_matrices(trial.J)]
    own = onp.diagonal(J, axis1=1, axis2=2)
    bent = onp.flatnonzero(onp.ptp(own, axis=0) > 1e-6) if len(own) else []
    return int(bent[-1]) if len(bent) else trial.subject.dim - 1


def span(trial: Trial) -> tuple[float, float]:
    """The ends of the line."""
    ends = trial.subject.domain
    low, high = ends_of(ends, variable(trial)) if any(map(onp.ndim, ends)) else ends
    low = low if onp.isfinite(low) else (high - 2 * BOX if onp.isfinite(high) else -BOX)
    return low, (high if onp.isfinite(high) else low + 2 * BOX)


def along(trial: Trial, j: int, values: Any, row: Any = None) -> Trial:
    """The trial with variable j at these values; the others as in `row`, or as in the first row."""
    s = trial.subject
    z = onp.tile(flat(trial.z)[0] if row is None else row, (len(values), 1))
    z[:, j] = values
    return Trial(s.at([0]), z.reshape(-1, *s.in_shape))


def inner(trial: Trial, n: int, margin: float = 0.01) -> Any:
    """n places along the line, off its ends and off the round numbers."""
    low, high = span(trial)
    room = margin * (high - low)
    return onp.linspace(low + room, high - room, n) + 1.7e-5 * (high - low)


def is_rational_quadratic(trial: Trial) -> bool:
    """Whether forward is made of pieces p / q with p and q quadratic, along the line."""
    j = variable(trial)
    return any(_is_made_of_quotients(trial, j, *fine) for fine in FINE)


def _is_made_of_quotients(trial, j, width, exact):
    """In a third of the stretches where x is curved, p / q fits to ten digits and more; a smooth map fits on none."""
    low, high = span(trial)
    centres, t = inner(trial, 61, width), onp.linspace(-1, 1, 13)
    line = along(trial, j, (centres[:, None] + 0.5 * width * (high - low) * t).ravel())
    x = flat(line.x)[:, j].reshape(len(centres), len(t))
    curved = fits = 0
    for values in x[onp.isfinite(x).all(axis=1)]:
        if onp.ptp(values) <= 1e-9 * onp.abs(values).max():
            continue
        straight = onp.polyval(onp.polyfit(t, values, 1), t)
        if onp.abs(values - straight).max() > 1e-4 * onp.ptp(values):
            curved += 1
            fits += onp.linalg.svd(terms(t, (values - values.mean()) / onp.ptp(values)))[1][-1] < exact
    return curved >= 5 and fits >= curved / 3


def terms(u: Any, x: Any) -> Any:
    """Of p - x q = 0 with p and q quadratic: (points, 6)."""
    return onp.stack([onp.ones_like(u), u, u * u, -x, -x * u, -x * u * u], axis=1)


def is_piecewise_linear(trial: Trial, n: int = 601) -> bool:
    """Whether x is made of at least three straight pieces along the line."""
    x = flat(along(trial, j := variable(trial), inner(trial, n)).x)[:, j]
    rise = onp.diff(x)
    straight = onp.abs(onp.diff(rise)) < 1e-9 * (1 + onp.abs(x[1:-1]))
    slopes = onp.unique(onp.round(rise[1:][straight] / onp.abs(rise).max(), 6))
    return bool(onp.isfinite(x).all() and straight.mean() > 0.85 and len(slopes) >= 3)
