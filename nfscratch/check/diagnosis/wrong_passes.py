"""Inverses of autoregressive maps, x_i = f_i(z_<i, z_i): too few passes, or a variable that sees itself.

    v_k+1,i = the root r of f_i(v_k with r in place i) = x_i,      v_0 = 0 or x
    z' = v_k, wrong                                       too few passes
    z' = v_1 from v_0 = x                                 both directions condition on their argument (one pass, or all)
    z'_i = 0 (or x_i) from the k-th column of the order on, and right before    the same, where a pass makes a column

One direction computes all variables at once, and the other one after another, from zeros. Where the mask of the first
lets a variable see itself (or later ones), the second still gives it 0 for what is not there yet. Both agree, then,
where a variable and the later ones are 0, and elsewhere not; and of the second each variable is a straight line.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as onp

from nfscratch.check.diagnosis.columns import Columns, same
from nfscratch.check.diagnosis.loops import makes_each_column
from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.check.letters.structure import acyclic_order
from nfscratch.check.rows import flat
from nfscratch.check.trial import OTHER

SECANTS = 60
ROWS = 24  # that are looked at


def passes(c: Columns) -> Mistake | None:
    """Too few passes of either direction."""
    if c.dim < 2:
        return None
    for direction, made, given in (("forward", c.back, c.x), ("inverse", c.x, c.z)):
        f = _function(c, direction)
        depends = _depends(c, direction)
        if acyclic_order(depends) is not None and is_deep(depends) and _is_iterate(f, given, made):
            return _of_iterate(f, given, made, partial(_cut, c, OTHER[direction]))
    return None


def _cut(c, direction):
    """What a direction lacks that makes the variables one after the other: turns, or the order of the turns."""
    return Mistake.VISITING_ORDER if makes_each_column(c.trial, direction) else Mistake.TOO_FEW_PASSES


def _of_iterate(f, given, made, cut=lambda: Mistake.TOO_FEW_PASSES):
    """A loop over all variables that looks at its argument gives what one pass from there gives, and so may do two."""
    given, made = given[:ROWS], made[:ROWS]
    zeros = onp.zeros_like(given)
    if _is_straight(f, given) and same(_pass(f, zeros, given), made).all():  # of a matrix, this is its diagonal
        return Mistake.DIAGONAL_UNDONE
    if not same(_pass(f, given, given), made).all():
        return cut()
    from_zero = same(_pass(f, zeros, given), given).all()  # the first pass of two may give the argument
    return Mistake.NO_UNDOING if from_zero else Mistake.ON_ARGUMENTS


def _is_straight(f, given):
    """Whether f is a matrix and a shift: f(a) + f(b) = f(a + b) + f(0)."""
    others, zeros = given[::-1], onp.zeros_like(given)
    return same(f(given) + f(others), f(given + others) + f(zeros)).all()


def _function(c, direction):
    """A direction as a function of (n, D), where row i of a batch is row i mod N of the trial."""
    s = c.trial.subject
    shape = s.shape(direction)

    def f(a):
        rows = onp.resize(c.rows[:ROWS], len(a))
        with onp.errstate(all="ignore"):
            return flat(c.trial.apply(direction, a.reshape(-1, *shape).astype(s.dtype), rows)[0])

    return f


def _depends(c, direction):
    J = c.J if direction == "forward" else c.trial.numeric_back[0][c.rows]
    return onp.nanmax(onp.abs(J), axis=0) > 1e-7


def _off_diagonal(depends):
    return bool((depends & ~onp.eye(len(depends), dtype=bool)).any())


def is_deep(depends: Any) -> bool:
    """Whether some variable depends on one that depends on a third, or two depend on each other's past."""
    others = (depends & ~onp.eye(len(depends), dtype=bool)).astype(int)
    return bool(others.any()) if len(others) == 2 else bool((others @ others).any())


def _is_iterate(f, given, made):
    """Whether `made` is an iterate of f(v) = given, from 0 or from what is given, before it is the solution."""
    given, made = given[:ROWS], made[:ROWS]
    for v in (onp.zeros_like(given), given):
        for _ in range(given.shape[1] - 1):
            v = _pass(f, v, given)
            if same(v, made).all() and not same(f(made), given, 1e-6).all():
                return True
    return False


def _pass(f, v, given):
    """One pass: each variable solved for by secants, with the others as they stand. A straight line takes one."""
    n, dim = v.shape
    own = onp.arange(dim)
    stacked = onp.repeat(v[None], dim, axis=0)  # stacked[i] is for variable i

    def value(r):
        stacked[own, :, own] = r.T
        return f(stacked.reshape(-1, dim)).reshape(dim, n, dim)[own, :, own].T - given

    low, high = v, v + 1.0
    at_low, at_high = value(low), value(high)
    for _ in range(SECANTS):
        with onp.errstate(all="ignore"):
            step = onp.where(at_high == 0, 0.0, at_high * (high - low) / (at_high - at_low))
        step = onp.where(onp.isfinite(step), step, 0.0)
        low, at_low, high = high, at_high, high - step
        if onp.abs(step).max() <= 1e-10 * (1 + onp.abs(high).max()):
            break
        at_high = value(high)
    return high


def columns_not_reached(c: Columns) -> Mistake | None:
    """From some column of the order on, z' is what it began with. (A coupling keeps columns, and has no passes.)"""
    order, wrong = c.order, c.wrong
    if order is None or not is_deep(_depends(c, "forward")) or c.kept.sum() > (c.dim > 2):
        return None
    if (c.J == 0).all(axis=(0, 2)).any():  # forward leaves a column out: nothing can bring it back
        return None
    right = [not wrong[i] for i in order]
    first = right.index(False) if False in right else c.dim
    late = order[first:]
    begun = any(same(c.back[:, late], start).all() for start in (0.0 * c.x[:, late], c.x[:, late]))
    return Mistake.TOO_FEW_PASSES if 0 < first < c.dim and not any(right[first:]) and begun else None


def reads_result(c: Columns) -> Mistake | None:
    """inverse asks d and t of x_i = d_i(x_<i) z_i + t_i(x_<i) at its own z'_<i: they are those of x = z'."""
    order = acyclic_order(_depends(c, "forward"))
    if c.dim < 2 or order is None or len(c.x) < 4:
        return None
    f, x, back = _function(c, "forward"), c.x[:ROWS], c.back[:ROWS]
    solved = onp.zeros_like(back)
    for _ in range(c.dim):
        solved = _pass(f, solved, back)
    line = _own_lines(f, solved, f(solved))
    if line is None or not same(f(solved), back, 1e-6).all():
        return None
    d, t = line
    return Mistake.CHANGED_HALF if same((x - t) / d, back).all() else None


# --- a variable that sees itself ---


def sees_itself(c: Columns) -> Mistake | None:
    """The direction that computes all at once gives a variable itself, or later ones, to look at."""
    if not any(_off_diagonal(_depends(c, direction)) for direction in ("forward", "inverse")):
        return None  # no variable sees another
    pairs = (("forward", c.z, c.x), ("inverse", c.x, c.back))
    if not any(_agrees_at_zero(c, *pair) for pair in pairs):
        return None
    couples = c.kept.any() and not c.wrong[c.kept].any() and not is_deep(_depends(c, "forward") & ~c.kept)
    return Mistake.CHANGED_HALF if couples else Mistake.SEES_LATER


def _agrees_at_zero(c, one_by_one, a, b):
    """b = f(a) with f one by one: whether the other direction g undoes it where b_i and the later ones are 0."""
    order = acyclic_order(_depends(c, one_by_one))
    if c.dim < 2 or order is None or len(a) < 4:
        return False
    a, b = a[:ROWS], b[:ROWS]
    f, g = _function(c, one_by_one), _function(c, OTHER[one_by_one])
    line = _own_lines(f, a, b)
    return line is not None and all(_at_zero(g, a, b, line, order[k:]) for k in range(c.dim)) and _is_bent(g, b)


def _own_lines(f, a, b) -> Any:
    """(d, t) of f_i = d_i a_i + t_i, or None where some f_i is no straight line in its own a_i."""
    first, second = (_own_values(f, a, a + step) for step in (1.0, -2.0))
    d = first - b
    if not same(second, b - 2 * d, 1e-6).all() or (onp.abs(d) < 1e-9).any() or not onp.isfinite(d).all():
        return None
    return d, b - d * a


def _own_values(f, a, moved):
    """f_i with a_i alone moved (n, D)."""
    n, dim = a.shape
    own = onp.arange(dim)
    stacked = onp.repeat(a[None], dim, axis=0)
    stacked[own, :, own] = moved.T
    return f(stacked.reshape(-1, dim)).reshape(dim, n, dim)[own, :, own].T


def _at_zero(g, a, b, line, late):
    point = b.copy()
    point[:, late] = 0.0
    i, (d, t) = late[0], line
    return same(g(point)[:, i], -t[:, i] / d[:, i], 1e-6).all()


def _is_bent(g, b):
    """Whether some g_i is no straight line in its own b_i."""
    half, whole, none = (_own_values(g, b, factor * b) for factor in (0.5, 1.0, 0.0))
    return not same(2 * half, whole + none, 1e-4).all()
