"""Inverses by search that end too early, and maps that have no inverse.

    forward(z') = forward(z), z' != z, and det J changes its sign on the way from z to z'      the map folds
    z' = an iterate of Newton's method, z <- z - (f(z) - x) / f'(z), from x, 0, ...            too few steps
    z' = the middles of a grid of intervals, lo + (k + 1/2) h, within h of z                   too few halvings

The middles are looked for in elementwise maps; wrong_halving.py looks at how z' follows z in any map.
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.check.diagnosis.columns import Columns, same
from nfscratch.check.diagnosis.loops import has_loops
from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.check.diagnosis.spline_line import is_piecewise_linear
from nfscratch.check.diagnosis.wrong_elementwise import at_zero, is_elementwise
from nfscratch.check.diagnosis.wrong_halving import halved_too_seldom
from nfscratch.check.letters.structure import acyclic_order
from nfscratch.check.rows import finite_matrices, flat
from nfscratch.check.trial import Trial

FAR = (1e4, 1e6)  # from 0, where a map that is z and something bounded is z
ON_THE_WAY = 41  # points between z and z'
STEPS = 60  # of Newton's method
FEW = 6  # rows whose way is looked at
LEAST = 10  # numbers that stand on a grid
WIDEST, STEPS_OF_ALL = 6, 8  # variables, and steps, of Newton's method where the variables mix


def folds(c: Columns) -> Mistake | None:
    """Two points with one image, and a fold between them."""
    far = onp.abs(c.back - c.z).max(axis=1) > 1e-2 * (1 + onp.abs(c.z).max(axis=1))
    met = far & same(c.again, c.x, 1e-8).all(axis=1)
    rows = onp.flatnonzero(met)[:FEW]
    if met.sum() < 0.8 * far.sum():  # another mistake, which meets the image by chance
        return None
    return name_of_fold(c) if any(_turns(c, row) for row in rows) else None


def name_of_fold(c: Columns) -> Mistake:
    """An autoregressive map folds in a variable's own direction where its mask lets the variable see itself."""
    J = c.J
    others = (onp.abs(J).max(axis=0) > 1e-7) & ~onp.eye(c.dim, dtype=bool)
    full = c.dim > 1 and others.sum() >= c.dim * (c.dim - 1) / 2
    if not full:
        return Mistake.FOLDS
    if acyclic_order(others) is None:
        return Mistake.SEES_LATER if _lacks_masks(c) else Mistake.FOLDS
    own = onp.diagonal(J, axis1=1, axis2=2)
    folding = onp.flatnonzero((own > 0).any(axis=0) & (own < 0).any(axis=0))
    return Mistake.SEES_LATER if any(_is_bent(c, int(i)) for i in folding) else Mistake.FOLDS


def has_both_signs(trial: Trial) -> bool:
    """Whether det J has both signs: then its logarithm is not what is wrong."""
    J = trial.J[finite_matrices(trial.J)]
    det = onp.linalg.det(J)
    clear = det[onp.abs(det) > 1e-6]
    return bool(len(clear) and clear.min() < 0 < clear.max())


def _lacks_masks(c):
    """Whether the x_i are z_i d_i(z) + t_i(z), with scales d_i that bend, where each looks at all z.

    That is no layer z + F(z): of a planar, a radial and most residual layers x - z stops growing, and one with ReLU is
    straight in pieces.
    """
    s, far = c.trial.subject, []
    for size in FAR:
        z = size * c.z / onp.linalg.norm(c.z, axis=1, keepdims=True)
        x = flat(c.trial.apply("forward", z.reshape(-1, *s.in_shape).astype(s.dtype), c.rows)[0])
        far.append(onp.abs(x - z).max(axis=1) / size)
    moved = (c.z + 1e-2).reshape(-1, *s.in_shape).astype(s.dtype)
    bends = onp.abs(c.trial.derivatives("forward", moved, c.rows)[0] - c.J).max(axis=(1, 2)) > 1e-5
    return bool(bends.mean() > 0.5 and (~(onp.array(far) < 1e-2)).mean() > 0.9)


def _is_bent(c, i):
    """Whether J_ii changes with z_i alone."""
    s = c.trial.subject
    moved = onp.repeat(c.z[:1], 3, axis=0)
    moved[:, i] += onp.array([0.0, 0.5, -0.5])
    own = c.trial.derivatives("forward", moved.reshape(-1, *s.in_shape), onp.repeat(c.rows[:1], 3))[0][:, i, i]
    return bool(onp.ptp(own) > 1e-6)


def _turns(c, row):
    share = onp.linspace(0.0, 1.0, ON_THE_WAY)[:, None]
    way = (1 - share) * c.z[row] + share * c.back[row]
    s = c.trial.subject
    J = c.trial.derivatives("forward", way.reshape(-1, *s.in_shape), onp.full(ON_THE_WAY, c.rows[row]))[0]
    sign, size = onp.linalg.slogdet(J)
    return len(onp.unique(sign[onp.isfinite(size) & (size > -20)])) > 1


def cut_search(c: Columns) -> Mistake | None:
    """Of an elementwise map that is no straight line; and of any map whose z' is one of Newton's first steps."""
    if c.is_linear:
        return None
    looks = (_is_newton, _is_bisection, _is_bisection_of_own_width) if is_elementwise(c.J) else (_is_newton_of_all,)
    if any(look(c) for look in looks):
        return Mistake.TOO_FEW_STEPS
    return halved_too_seldom(c) if has_loops(c.trial) else None  # a formula halves nothing


def _is_newton(c):
    """Whether z' is an iterate. Of a map of straight pieces one step has other causes."""
    if is_piecewise_linear(c.trial) or c.trial.subject.smooth is False:
        return False
    starts = [c.x, onp.zeros_like(c.x), 0.5 * c.x, _of_largest_power(c)]
    starts += [g(y) for y in (c.x, _without_affine_part(c)) for g in (onp.cbrt, onp.arcsinh, onp.array)]
    return any(_reaches(c, start) for start in starts if start is not None)


def _is_newton_of_all(c):
    """The same for a map whose variables mix, from x on."""
    return c.dim <= WIDEST and _reaches(c, c.x, STEPS_OF_ALL)


def _without_affine_part(c):
    """(x - f(0)) / f'(0)."""
    t, d = at_zero(c)
    with onp.errstate(all="ignore"):
        return (c.x - t) / d


def _of_largest_power(c):
    """z of x - f(0) = A |z|^p, where f grows like such a power p of 2 or more; else None."""
    s = c.trial.subject
    far = 10.0 ** onp.array([5.0, 6.0, -onp.inf])[:, None] * onp.ones(s.dim)
    with onp.errstate(all="ignore"):
        near_far = flat(c.trial.apply("forward", far.reshape(-1, *s.in_shape).astype(s.dtype), c.rows[:1].repeat(3))[0])
        grown = near_far[:2] - near_far[2]
        p = onp.log10(grown[1] / grown[0])
        power = onp.round(p)
        z = (c.x - near_far[2]) / (grown[1] / far[1] ** power)
        z = onp.sign(z) * onp.abs(z) ** (1 / power)
    return z if (power >= 2).all() and (onp.abs(p - power) < 1e-4).all() and onp.isfinite(z).all() else None


def _reaches(c, z, steps=STEPS):
    """Newton's steps from z, until one is z' or they have arrived."""
    s = c.trial.subject
    for _ in range(steps):
        at = z.reshape(-1, *s.in_shape)
        value = flat(c.trial.apply("forward", at, c.rows)[0])
        J = c.trial.derivatives("forward", at, c.rows)[0]
        with onp.errstate(all="ignore"):
            z = z - _solved(J, value - c.x)
        if not onp.isfinite(z).all() or same(z, c.z, 1e-12).all():
            return False
        if onp.abs(z - c.back).max() < 1e-3 * onp.abs(c.back - c.z).max():  # much nearer than the solution is
            return True
    return False


def _solved(J, gap):
    """J^-1 gap, row by row; NaN where a J is singular."""
    if is_elementwise(J):
        return gap / onp.diagonal(J, axis1=1, axis2=2)
    try:
        return onp.linalg.solve(J, gap[:, :, None])[:, :, 0]
    except onp.linalg.LinAlgError:
        return onp.full_like(gap, onp.nan)


def _is_bisection(c):
    """Whether the z' that are wrong stand on one grid, each within a step of its z. (The z stand on a grid, too.)"""
    wrong = onp.abs(c.back - c.z) > 1e-9 * (1 + onp.abs(c.z))
    values, right = c.back[wrong], c.z[wrong]
    step = _grid(values)
    if step is None:
        return False
    return bool((onp.abs(values - right) <= step * (1 + 1e-6)).mean() > 0.9)  # beyond the bracket it cannot follow


def _is_bisection_of_own_width(c):
    """Whether z' are middles of [-r, r] cut n times, r being |x| or |g(z)| of f(z) = d g(z) + t: z' = r (odd) / 2^n."""
    s = c.trial.subject
    at = onp.zeros((1, *s.in_shape), dtype=s.dtype)
    t = flat(c.trial.apply("forward", at, c.rows[:1])[0])
    d = onp.diagonal(c.trial.derivatives("forward", at, c.rows[:1])[0], axis1=1, axis2=2)
    wrong = onp.abs(c.back - c.z) > 1e-9 * (1 + onp.abs(c.z))
    if wrong.sum() < LEAST:
        return False
    return any(_are_odd(c.back[wrong] / r[wrong]) for r in (c.x, c.x - t, (c.x - t) / d))


def _are_odd(shares, most=14):
    """Whether the numbers are odd parts of one power of 2, up to what differences see."""
    for n in range(1, most):
        parts = onp.abs(shares) * 2.0**n
        if (onp.abs((parts - 1) / 2 - onp.round((parts - 1) / 2)) < 1e-3).all():
            return True
    return False


def _grid(values: Any) -> float | None:
    """The step of the grid on which the values stand, or None."""
    gaps = onp.diff(onp.unique(onp.round(values, 12)))
    gaps = gaps[gaps > 1e-9]
    if len(gaps) < LEAST:
        return None
    for step in gaps.min() / onp.array([1.0, 2.0, 3.0, 4.0]):
        if (onp.abs(gaps / step - onp.round(gaps / step)) < 1e-6).all():
            return float(step) if gaps.max() < 1e6 * step else None
    return None
