"""Domains and codomains: an interval for every variable, written in words or numbers, and points inside of it.

    "all reals", "positive", "unit interval", "(0, 1)", "(-inf, 3]", or a pair of numbers

The usual map carries a point a of the real line into an interval:  a,  l + e^a,  h - e^-a,  l + (h - l) sigmoid(a).
"""

from __future__ import annotations

import re
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


def interval(domain: Any) -> tuple[float, float]:
    """What a bijection declares as `domain` or `codomain`, as (low, high); None, not known, is all reals."""
    if domain is None:
        return REALS
    if isinstance(domain, str):
        ends = re.fullmatch(r"[\[(]\s*([^,\s]+)\s*,\s*([^,\s]+)\s*[\])]", domain)
        found = NAMED.get(domain) or (tuple(map(_number, ends.groups())) if ends else None)
    else:
        found = _ends(domain) if isinstance(domain, (tuple, list)) and len(domain) == 2 else None
    if found is None or None in found or not found[0] < found[1]:
        wanted = "'all reals' or an interval, such as '(0, 1)', (0, 1) or (0, None)"
        raise ValueError(f"a domain must be {wanted}; got {shown(domain)}")
    return found


def _ends(pair):
    """The two ends, None for no end; None if one is no number."""
    try:
        return tuple(far if end is None else float(end) for end, far in zip(pair, REALS, strict=True))
    except (TypeError, ValueError):
        return None


def _number(text):
    try:
        return float(text)
    except ValueError:
        return None


def bounded(ends: tuple[float, float]) -> bool:
    return ends != REALS


def into(ends: tuple[float, float], a: Any) -> Any:
    """Points `a` of the real line, carried into the interval."""
    low, high = ends
    if low == -inf and high == inf:
        return a
    if high == inf:
        return low + onp.exp(a)
    if low == -inf:
        return high - onp.exp(-a)
    return low + (high - low) * 0.5 * (1 + onp.tanh(0.5 * a))


def slope_into(ends: tuple[float, float], a: Any) -> Any:
    """The derivative of `into`."""
    low, high = ends
    if low == -inf and high == inf:
        return onp.ones_like(a)
    if high == inf:
        return onp.exp(a)
    if low == -inf:
        return onp.exp(-a)
    return (high - low) * 0.25 / onp.cosh(0.5 * a) ** 2


def out_of(ends: tuple[float, float], x: Any) -> Any:
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


def inside(ends: tuple[float, float], x: Any) -> Any:
    """Rows of x (N, *event) that lie strictly inside. Rounding may put a row on an end."""
    x = onp.asarray(x).reshape(len(x), -1)
    return ((x > ends[0]) & (x < ends[1])).all(axis=1)
