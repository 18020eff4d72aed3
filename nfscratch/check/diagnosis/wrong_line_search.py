"""Inverses of x = z + u h(w . z) that look for one number, s = w . z, and miss it.

s + g(s) = a,    a = w . x,    g(s) = w . u h(s)         g is read from forward, at z = s w with |w| = 1

z' = x - u h(s'), or w . z' = s'                         what the search has found, s'
s' = an iterate of Newton's method, from a or 0          too few steps
|s' - a|, or |s'|, is one number where s' is wrong        the end of its bracket
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.check.diagnosis.columns import Columns, same
from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.check.rows import flat

STEPS = 12  # of Newton's method
LEAST = 3  # rows that stand at the end of a bracket
HALVINGS, REACH = 60, 60.0  # of the search for s'
STEP = 1e-4


def line_search(c: Columns) -> Mistake | None:
    """Of a map that moves every point along one line, by a function of one number."""
    w = _direction(c)
    if w is None:
        return None
    a, found = c.x @ w, c.back @ w
    if any(_is_newton(c, w, a, found, start) for start in (a, 0 * a)):
        return Mistake.TOO_FEW_STEPS
    number = _number(c, w, a - found)
    looks = ((found, onp.full(len(a), True)), (number, _tells(c, w, number)))
    return Mistake.END_OF_BRACKET if any(_is_end(s[k], a[k], c.z[k] @ w) for s, k in looks) else None


def _direction(c) -> Any:
    """w (D,) of J - I = u w^T, the same in all rows; None of any other map."""
    A = c.J - onp.eye(c.dim)
    if c.is_linear or not onp.abs(A).max() > 1e-6:
        return None
    _, values, Vt = onp.linalg.svd(A.reshape(-1, c.dim), full_matrices=False)
    moved = onp.linalg.svd(c.x - c.z, compute_uv=False)
    single = c.dim == 1 or (values[1] < 1e-6 * values[0] and moved[1] < 1e-6 * moved[0])
    return Vt[0] if single else None


def _g(c, w, s) -> Any:
    """g at s (N,)."""
    z = onp.multiply.outer(s, w)
    x = c.trial.apply("forward", z.reshape(-1, *c.trial.subject.in_shape).astype(c.trial.subject.dtype), c.rows)[0]
    return (flat(x) - z) @ w


def _is_newton(c, w, a, found, s):
    """Whether an iterate gives w . z', as s itself or as a - g(s)."""
    off = onp.abs(found - c.z @ w).max()
    for _ in range(STEPS):
        g = _g(c, w, s)
        slope = 1 + (_g(c, w, s + STEP) - _g(c, w, s - STEP)) / (2 * STEP)
        with onp.errstate(all="ignore"):
            s = s - (s + g - a) / slope
        if not onp.isfinite(s).all() or not onp.abs(s - c.z @ w).max() > 1e-3 * off:
            return False
        if any(onp.abs(guess - found).max() < 1e-3 * off for guess in (s, a - _g(c, w, s))):
            return True
    return False


def _number(c, w, moved) -> Any:
    """s' with g(s') = a - w . z' = `moved`, by halving: g rises, or it falls."""
    low, high = onp.full(len(moved), -REACH), onp.full(len(moved), REACH)
    up = onp.sign(_g(c, w, high) - _g(c, w, low))
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        above = up * (_g(c, w, middle) - moved) > 0
        low, high = onp.where(above, low, middle), onp.where(above, middle, high)
    return 0.5 * (low + high)


def _tells(c, w, s):
    """Rows in which g is not flat, so that it tells s."""
    return onp.abs(_g(c, w, s + STEP) - _g(c, w, s - STEP)) > 1e-3 * 2 * STEP


def _is_end(s, a, right):
    """Whether all wrong s' are as far from a, or from 0, as one number; and the right ones are nearer."""
    wrong = ~same(s, right, 1e-4)
    for centre in (a, 0 * a):
        far = onp.abs(s - centre)
        if wrong.sum() < LEAST or not onp.isfinite(far).all():
            continue
        end = onp.median(far[wrong])
        if end > 0 and same(far[wrong], end, 1e-4).all() and (onp.abs(right - centre)[wrong] > end).all():
            return True
    return False
