"""Wrong log-dets and inverses of splines, as a line through one variable shows them (spline_line.py).

In a bin of a rational-quadratic spline x = p(z) / q(z) with p and q quadratic, and dx/dz = s^2 (...) / q^2 with s the
bin's slope. On the line

    claim - truth piecewise constant                      the power of s is wrong
    exp(|claim - truth|) quadratic in z within each bin   q, not q^2

An inverse that fails gives z' with p(z') = x q(z') for the p and q of its own bin (the other root), or for those of the
bin in which the *value* x falls on the axis of z (it searches the wrong knots). p and q are fitted to forward. Of a
linear spline the latter is z' = x + (x - f(x)) / f'(x).

The diagnosis gives none of these names unless the line shows such a spline.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.check.diagnosis.spline_line import (
    along,
    inner,
    is_piecewise_linear,
    is_rational_quadratic,
    span,
    terms,
    variable,
)
from nfscratch.check.rows import flat
from nfscratch.check.trial import Trial

WINDOWS = (300, 1000, 3000)  # whose width is one part in so many of the span
NO_ROOT = "no root"  # of the quadratic: whatever the inverse gives there says nothing
POINTS = 1201  # of the line along which the error of a log_det is looked at


def spline_mistake(samples: list[Any]) -> Mistake | None:
    """The log_det of a spline, from the first failing sample."""
    failed = next((s for s in samples if s.failed), None)
    if failed is None or not is_rational_quadratic(failed.trial):  # cheap beside a Jacobian at every point of a line
        return None
    gap = _gap_along_a_line(failed)
    if gap is None or len(gap) < 50 or onp.ptp(gap) < 1e-4:
        return None
    if (onp.abs(onp.diff(gap)) < 1e-5).mean() > 0.9:
        return Mistake.SPLINE_SLOPE if _is_off_where_bent(failed.trial, gap) else None
    return Mistake.SPLINE_DENOMINATOR if any(_is_quadratic(onp.exp(sign * gap)) for sign in (1, -1)) else None


def _is_off_where_bent(trial, gap):
    """Whether log_det is off in most of the bins, where the map is bent, and not in straight tails alone."""
    j = variable(trial)
    x = flat(along(trial, j, inner(trial, POINTS)).x)[:, j]
    bent = onp.abs(onp.diff(x, 2)) > 1e-9 * (1 + onp.abs(x[1:-1]))
    return bool((onp.abs(gap[1:-1][bent]) > 1e-4).mean() > 0.5) if bent.any() else False


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


def _gap_along_a_line(sample):
    """Claim minus truth of forward, with the variable moved along the line."""
    trial, j = sample.trial, variable(sample.trial)
    line = along(trial, j, inner(trial, POINTS))
    J, _, _, _ = line.numeric
    if not onp.isfinite(J).all():
        return None
    gap = line.there[1] - onp.linalg.slogdet(J)[1]
    return gap if onp.isfinite(gap).all() else None


def wrong_root(trial: Trial) -> Mistake | None:
    """The inverse of a spline, in one variable or in one of a coupling: which mistake most of its errors fit."""
    if is_piecewise_linear(trial):
        return _mostly([_vote_of_lines(*wrong) for wrong in _wrong_points(trial)])
    if not is_rational_quadratic(trial):
        return None
    return _mostly([_vote(*wrong) for wrong in _wrong_points(trial)])


def _mostly(votes):
    votes = [vote for vote in votes if vote is not NO_ROOT]
    for mistake in (Mistake.OTHER_ROOT, Mistake.KNOTS_OF_Z):
        if votes.count(mistake) >= max(2, 0.6 * len(votes)):
            return mistake
    return None


def _wrong_points(trial):
    """(line, j, z, x, z', row of z) for a dozen points of the line where z' is not z."""
    j = variable(trial)
    line = along(trial, j, inner(trial, 400))
    z, x, back = (flat(a)[:, j] for a in (line.z, line.x, line.back[0]))
    bad = onp.flatnonzero(~(onp.abs(back - z) < 1e-6) & onp.isfinite(back))
    return [(line, j, z[i], x[i], back[i], flat(line.z)[i]) for i in bad[::7][:12]]


def _vote(line, j, z, x, back, row):
    """Which p and q z' solves: those of the bin of z, or those of the bin that x would have on the axis of z."""
    for mistake, centre in ((Mistake.OTHER_ROOT, z), (Mistake.KNOTS_OF_Z, x)):
        p, q, solvable = _fit(line, row, j, centre, x)
        if not solvable:
            return NO_ROOT
        if abs(p(back) - x * q(back)) < 1e-4 * (abs(p(back)) + abs(x * q(back))):
            return mistake
    return None


def _vote_of_lines(line, j, z, x, back, row):
    """z' on the straight piece of forward that stands over the place x."""
    step = 1e-4 * (span(line)[1] - span(line)[0])
    low, at, high = flat(along(line, j, x + step * onp.array([-1.0, 0.0, 1.0]), row).x)[:, j]
    slope = (high - low) / (2 * step)
    fits = abs(low + high - 2 * at) < 1e-9 and abs(back - x - (x - at) / slope) < 1e-6 * (1 + abs(back))
    return Mistake.KNOTS_OF_Z if fits else None


def _fit(line, row, j, centre, value):
    """p and q, quadratic, with p - x q = 0 around `centre` in one bin; whether p = value q has a root."""
    for share in WINDOWS:
        size, t = (span(line)[1] - span(line)[0]) / share, onp.linspace(-1, 1, 9)
        x = flat(along(line, j, centre + size * t, row).x)[:, j]
        _, misses, found = onp.linalg.svd(onp.nan_to_num(terms(t, x), posinf=0, neginf=0))
        if misses[-1] < 1e-12:  # no knot stands in the window
            break
    a = found[-1]
    c, b, lead = a[:3] - value * a[3:]
    solvable = b * b - 4 * lead * c > -1e-9 * (b * b + abs(4 * lead * c))
    p, q = (partial(lambda k, z: _quadratic(k, (z - centre) / size), k) for k in (a[:3], a[3:]))
    return p, q, solvable


def _quadratic(a, u):
    return (a[0] + a[1] * u + a[2] * u * u) / (1 + u * u)
