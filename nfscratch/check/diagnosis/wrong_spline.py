"""Wrong log-dets and inverses of rational-quadratic splines, as a line through one variable shows them.

In a bin x = p(z) / q(z) with p and q quadratic, and dx/dz = s^2 (...) / q^2 with s the bin's slope. On the line

    claim - truth piecewise constant                      the power of s is wrong
    exp(|claim - truth|) quadratic in z within each bin   q, not q^2

An inverse that fails gives z' with p(z') = x q(z') for the p and q of its own bin (the other root), or for those of the
bin in which the *value* x falls on the axis of z (it searches the wrong knots). p and q are fitted to forward.

The diagnosis gives none of these names unless the line shows such a spline: in at least a third of the stretches where
x is curved, p / q fits to ten digits on a width of 0.3. A smooth map fits on none.
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.check.rows import flat
from nfscratch.check.trial import Trial


def spline_mistake(samples: list[Any]) -> Mistake | None:
    """The log_det of a spline, from the first failing sample."""
    failed = next((s for s in samples if s.failed), None)
    gap = None if failed is None else _gap_along_a_line(failed)
    if gap is None or not is_rational_quadratic(failed.trial) or len(gap) < 50 or onp.ptp(gap) < 1e-4:
        return None
    if (onp.abs(onp.diff(gap)) < 1e-5).mean() > 0.9:
        return Mistake.SPLINE_SLOPE
    return Mistake.SPLINE_DENOMINATOR if any(_is_quadratic(onp.exp(sign * gap)) for sign in (1, -1)) else None


def is_rational_quadratic(trial: Trial, width: float = 0.3) -> bool:
    """Whether forward is made of pieces p / q along the last variable."""
    s = trial.subject
    centres, t = onp.linspace(-3, 3, 61) + 0.013, onp.linspace(-1, 1, 13)
    z = onp.tile(flat(trial.z)[:1], (len(centres) * len(t), 1))
    z[:, -1] = (centres[:, None] + 0.5 * width * t).ravel()
    line = Trial(s.at([0]), z.reshape(-1, *s.in_shape))
    x = flat(line.x)[:, -1].reshape(len(centres), len(t))
    curved = fits = 0
    for values in x[onp.isfinite(x).all(axis=1)]:
        if onp.ptp(values) <= 1e-9 * onp.abs(values).max():  # the last variable is not made of the last z
            continue
        straight = onp.polyval(onp.polyfit(t, values, 1), t)
        if onp.abs(values - straight).max() > 1e-4 * onp.ptp(values):
            curved += 1
            fits += onp.linalg.svd(_terms(t, (values - values.mean()) / onp.ptp(values)))[1][-1] < 1e-10
    return curved >= 5 and fits >= curved / 3


def _is_quadratic(values, length=31):
    """Whether it is made of quadratic pieces: on stretches as wide as those above, and next to its own bend.

    exp(a z) is off by (a z)^3 / 24 of its rise where it is bent by a z / 4: a smooth function fits nowhere.
    """
    t = onp.linspace(-1, 1, length)
    curved = fits = 0
    for start in range(0, len(values) - length, 10):
        v = values[start : start + length]
        rise = onp.ptp(v)
        bend, rest = (onp.abs(v - onp.polyval(onp.polyfit(t, v, k), t)).max() for k in (1, 2))
        if rise > 1e-2 * onp.abs(v).max() and bend > 1e-2 * rise:
            curved += 1
            fits += rest < 3e-6 * bend + 1e-8 * onp.abs(v).max()
    return curved >= 5 and fits >= curved / 3


def _terms(u, x):
    """Of p - x q = 0 with p and q quadratic: (points, 6)."""
    return onp.stack([onp.ones_like(u), u, u * u, -x, -x * u, -x * u * u], axis=1)


def _gap_along_a_line(sample, n=1201, reach=6.0):
    """Claim minus truth of forward, with the last variable that matters moved along a line."""
    s = sample.trial.subject
    j = s.dim - 1
    z = onp.tile(flat(sample.trial.z)[:1], (n, 1))
    z[:, j] = onp.linspace(-reach, reach, n) + 1e-4
    line = Trial(s.at([0]), z.reshape(n, *s.in_shape))
    J, _, _, _ = line.numeric
    if not onp.isfinite(J).all():
        return None
    gap = line.there[1] - onp.linalg.slogdet(J)[1]
    return gap if onp.isfinite(gap).all() else None


def wrong_root(trial: Trial) -> Mistake | None:
    """The inverse of a spline, in one variable or in a coupling's last one: which mistake most of its errors fit."""
    if not is_rational_quadratic(trial):
        return None
    votes = [_vote(*wrong) for wrong in _wrong_points(trial)]
    for mistake in (Mistake.OTHER_ROOT, Mistake.KNOTS_OF_Z):
        if votes.count(mistake) >= max(2, 0.6 * len(votes)):
            return mistake
    return None


def _wrong_points(trial):
    """(line, z, x, z', row of z) for a dozen points of a line where z' is not z."""
    s = trial.subject
    j = s.dim - 1
    z = onp.tile(flat(trial.z)[:1], (400, 1))
    z[:, j] = onp.linspace(-2.9, 2.9, 400) + 1e-4
    line = Trial(s.at([0]), z.reshape(-1, *s.in_shape))
    x, back = flat(line.x)[:, j], flat(line.back[0])[:, j]
    bad = onp.flatnonzero(~(onp.abs(back - z[:, j]) < 1e-6) & onp.isfinite(back))
    return [(line, z[i, j], x[i], back[i], z[i]) for i in bad[::7][:12]]


def _vote(line, z, x, back, row):
    """Which p and q z' solves: those of the bin of z, or those of the bin that x would have on the axis of z."""
    for mistake, centre in ((Mistake.OTHER_ROOT, z), (Mistake.KNOTS_OF_Z, x)):
        p, q = _fit(line, row, len(row) - 1, centre)
        if abs(p(back) - x * q(back)) < 1e-4 * (abs(p(back)) + abs(x * q(back))):
            return mistake
    return None


def _fit(line, row, j, centre):
    """p and q, quadratic, with p - x q = 0 at points around `centre` in one bin."""
    s = line.subject
    t = onp.linspace(-1, 1, 9) * 0.02
    z = onp.tile(row, (len(t), 1))
    z[:, j] = centre + t
    x = flat(line.apply("forward", z.reshape(-1, *s.in_shape))[0])[:, j]
    u = t / 0.02
    a = onp.linalg.svd(onp.nan_to_num(_terms(u, x), posinf=0, neginf=0))[2][-1]
    return (lambda z: _quadratic(a[:3], z, centre)), (lambda z: _quadratic(a[3:], z, centre))


def _quadratic(a, z, centre):
    u = (z - centre) / 0.02
    return (a[0] + a[1] * u + a[2] * u * u) / (1 + u * u)
