"""Domains and codomains: an interval for every variable, written in words or numbers, and points inside of it.

    "all reals", "positive", "unit interval", "(0, 1)", "(-inf, 3]", or a pair of numbers
    ([0, -inf], [1, inf])    a pair of lists or arrays: an interval for every variable by itself

The usual map carries a point a of the real line into an interval:  a,  l + e^a,  h - e^-a,  l + (h - l) sigmoid(a).
Ends that are one and the same for all variables are numbers, others are arrays of the shape of an event.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from math import inf
from typing import Any

import numpy as onp

from nfscratch.check.guarded import shown
from nfscratch.ops.intervals import REALS

NAMED = {
    "all reals": REALS,
    "reals": REALS,
    "positive": (0.0, inf),
    "positive reals": (0.0, inf),
    "x > 0": (0.0, inf),
    "z > 0": (0.0, inf),
    "negative": (-inf, 0.0),
    "unit interval": (0.0, 1.0),
}


Ends = tuple[Any, Any]


def interval(domain: Any, shape: tuple[int, ...] = (), name: str = "a domain") -> Ends:
    """What a map declares as `domain` or `codomain`, as (low, high); None, not known, is all reals.

    shape: of one event, for which ends may be arrays. name: what a message calls it.
    """
    if domain is None:
        return REALS
    if isinstance(domain, str):
        ends = re.fullmatch(r"[\[(]\s*([^,\s]+)\s*,\s*([^,\s]+)\s*[\])]", domain)
        found = NAMED.get(domain) or (tuple(map(_written, ends.groups())) if ends else None)
    else:
        found = _ends(domain) if isinstance(domain, (tuple, list, onp.ndarray)) and len(domain) == 2 else None
    if found is not None and any(map(onp.ndim, found)):
        return _of_all_variables(found, shape, name)
    if found is None or None in found or not found[0] < found[1]:
        wanted = "'all reals' or an interval, such as '(0, 1)', (0, 1), (0, None) or ([0, -inf], [1, inf])"
        raise ValueError(f"{name} must be {wanted}; got {shown(domain)}")
    return found


def _ends(pair):
    """The two ends, None for no end; None if one is no number, and no list of numbers."""
    try:
        return tuple(map(_end, pair, REALS))
    except (TypeError, ValueError):
        return None


def _end(end, far):
    if onp.ndim(end) == 0:
        return _number(end, far)
    end = onp.asarray(end, dtype=object)
    return onp.array([_number(entry, far) for entry in end.flat]).reshape(end.shape)


def _number(end, far):
    """None is no end. `float` would take "0" and True as well."""
    if isinstance(end, (str, bytes, bool, onp.bool_)):
        raise TypeError(f"an end must be a number; got {end!r}")
    return far if end is None else float(end)


def _written(text):
    try:
        return float(text)
    except ValueError:
        return None


def _of_all_variables(ends, shape, name):
    """Ends of which one at least is an array; as numbers, where all variables have the same."""
    if any(onp.shape(end) not in ((), shape) for end in ends):
        wanted = f"{shape[0]} number{'s' * (shape[0] != 1)}" if len(shape) == 1 else f"an array of shape {shape}"
        got = " and ".join(f"one of shape {onp.shape(end)}" if onp.ndim(end) else "one number" for end in ends)
        raise ValueError(f"{name} must have {wanted} at each end, one for each variable, or one for all; got {got}")
    low, high = (onp.broadcast_to(end, shape) for end in ends)
    if not (low < high).all():
        j = tuple(int(i) for i in onp.argwhere(~(low < high))[0])
        of = f"variable {j[0] if len(j) == 1 else j}"
        raise ValueError(f"{name} must have its low end below the high one; got {low[j]:g} to {high[j]:g} for {of}")
    if (low == low.flat[0]).all() and (high == high.flat[0]).all():
        return float(low.flat[0]), float(high.flat[0])
    return low, high


def bounded(ends: Ends) -> bool:
    """Whether a variable has an end."""
    return bool(onp.isfinite(ends[0]).any() or onp.isfinite(ends[1]).any())


def free_variables(ends: Ends, dim: int) -> Any:
    """(D,): which of them have no end."""
    low, high = (onp.broadcast_to(end, dim) for end in flat_ends(ends))
    return onp.isinf(low) & onp.isinf(high)


def flat_ends(ends: Ends) -> Ends:
    """For points (N, D): two numbers, or two arrays (D,)."""
    low, high = (onp.ravel(end) if onp.ndim(end) else end for end in ends)
    return low, high


def ends_of(ends: Ends, j: int) -> tuple[float, float]:
    """Of one variable."""
    low, high = (float(end[j]) if onp.ndim(end) else end for end in flat_ends(ends))
    return low, high


def words_of_ends(ends: Ends) -> str:
    """ "0 to 1", or "[0, -inf] to [1, inf]" """
    return " to ".join(f"{end:g}" if onp.ndim(end) == 0 else f"[{_listed(end)}]" for end in flat_ends(ends))


def _listed(end):
    return ", ".join(f"{value:g}" for value in end[:6]) + (", ..." if len(end) > 6 else "")


def _by_variable(f: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, of points (..., *event) or (..., D) with an interval for each variable."""

    @wraps(f)
    def call(ends, a, *more):
        if not any(map(onp.ndim, ends)):
            return f(ends, a, *more)
        (low, high), a = flat_ends(ends), onp.asarray(a)
        rows = a.reshape(-1, low.size)
        y = onp.empty_like(rows)
        for pair in set(zip(low.tolist(), high.tolist(), strict=True)):
            mine = (low == pair[0]) & (high == pair[1])
            y[:, mine] = f(pair, rows[:, mine], *more)
        return y.reshape(a.shape)

    return call


@_by_variable
def into(ends: Ends, a: Any) -> Any:
    """Points `a` of the real line, carried into the interval."""
    low, high = ends
    if low == -inf and high == inf:
        return a
    if high == inf:
        return low + onp.exp(a)
    if low == -inf:
        return high - onp.exp(-a)
    return low + (high - low) * 0.5 * (1 + onp.tanh(0.5 * a))


@_by_variable
def slope_into(ends: Ends, a: Any) -> Any:
    """The derivative of `into`."""
    low, high = ends
    if low == -inf and high == inf:
        return onp.ones_like(a)
    if high == inf:
        return onp.exp(a)
    if low == -inf:
        return onp.exp(-a)
    return (high - low) * 0.25 / onp.cosh(0.5 * a) ** 2


@_by_variable
def out_of(ends: Ends, x: Any) -> Any:
    """The inverse of `into`; at or beyond an end: infinite."""
    low, high = ends
    with onp.errstate(all="ignore"):
        if low == -inf and high == inf:
            return x
        if high == inf:
            return onp.log(onp.maximum(x - low, 0.0))
        if low == -inf:
            return -onp.log(onp.maximum(high - x, 0.0))
        return onp.log(onp.maximum(x - low, 0.0)) - onp.log(onp.maximum(high - x, 0.0))


@_by_variable
def spread(ends: Ends, a: Any, radius: float, near: float) -> Any:
    """Points `a` of the real line times a radius, which is at most `near` where a variable has an end."""
    return (min(radius, near) if bounded(ends) else radius) * a


@_by_variable
def within_reach(ends: Ends, a: Any, reach: float) -> Any:
    """Points of the real line, no farther out than `reach` where a variable has an end."""
    return onp.clip(a, -reach, reach) if bounded(ends) else a


def inside(ends: Ends, x: Any) -> Any:
    """Rows of x (N, *event) that lie strictly inside. Rounding may put a row on an end."""
    x, (low, high) = onp.asarray(x).reshape(len(x), -1), flat_ends(ends)
    return ((x > low) & (x < high)).all(axis=1)
