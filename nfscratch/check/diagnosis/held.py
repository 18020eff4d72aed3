"""Held: states (N, D) and log-dets (N,) in local variables, however they are held.

a state      an array (N, D), or (D, N); two arrays with D columns together; a list of D columns; (D,) of one row
a log_det    an array (N,) or (N, 1); an array (K, N) or (N, K), whose sum it is; a number; a list of such
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as onp

MOST_PARTS = 7  # variables that may hold half of a state


def is_numbers(value: Any) -> bool:
    return type(value) is onp.ndarray and value.dtype.kind == "f"


def states(variables: Any, shape: tuple[int, int]) -> list[tuple[tuple[str, ...], Any]]:
    """(names, state) of all local variables that may hold one."""
    n, dim = shape
    found = [((name,), s) for name, v in variables.items() if (s := _whole(v, n, dim)) is not None]
    parts = [name for name, v in variables.items() if is_numbers(v) and _is_part(v, n, dim)]
    for names in combinations(parts, 2) if len(parts) <= MOST_PARTS else ():
        both = onp.concatenate([variables[k].reshape(n, -1) for k in names], axis=1)
        found += [(names, both)] if both.shape == shape else []
    return found


def _whole(v, n, dim):
    """The state (N, D) that one variable holds; None where it holds none."""
    if is_numbers(v):
        if v.shape == (n, dim) or (n == 1 and v.shape == (dim,)):
            return v.reshape(n, dim)
        return v.T if v.shape == (dim, n) else None
    columns = isinstance(v, list) and len(v) == dim and all(_is_column(c, n) for c in v)
    return onp.stack([onp.reshape(c, n) for c in v], axis=1) if columns else None


def _is_column(c, n):
    return (is_numbers(c) and c.shape in ((n,), (n, 1))) or (n == 1 and isinstance(c, float))


def _is_part(v, n, dim):
    return (v.ndim == 2 and v.shape[0] == n and 0 < v.shape[1] < dim) or (dim == 2 and v.shape == (n,))


def taken(variables: Any, names: tuple[str, ...], dim: int) -> Any:
    """The state (N, D) out of the local variables."""
    if len(names) == 1:
        v = variables[names[0]]
        n = len(onp.atleast_1d(v[0])) if isinstance(v, list) else v.size // dim
        return onp.array(_whole(v, n, dim), dtype=float)
    n = len(variables[names[0]])
    return onp.concatenate([variables[k].reshape(n, -1) for k in names], axis=1).astype(float)


def put(variables: Any, names: tuple[str, ...], state: Any) -> None:
    """The state (N, D) into the local variables that hold it, and into those that hold the same."""
    n, old = len(state), [variables[k] for k in names]
    widths = [state.shape[1] if len(names) == 1 else v.size // n for v in old]
    parts = onp.split(state, onp.cumsum(widths)[:-1], axis=1)
    for name, value in list(variables.items()):
        for was, part in zip(old, parts, strict=True):
            if value is was or (is_numbers(value) and is_numbers(was) and onp.array_equal(value, was)):
                variables[name] = _held_like(value, part)


def _held_like(value, part):
    """A part of a state, held as `value` is."""
    if isinstance(value, list):
        return [c.reshape(onp.shape(v)) if is_numbers(v) else float(c[0]) for c, v in zip(part.T, value, strict=True)]
    turned = value.shape == part.T.shape != part.shape
    return (part.T.copy() if turned else part.reshape(value.shape)).astype(value.dtype)


# --- log_det ---


def is_log_det(v: Any, n: int) -> bool:
    """Whether it may be a log_det, or several that are to be added up."""
    if isinstance(v, list):
        return len(v) > 0 and all(is_log_det(each, n) for each in v)
    if is_numbers(v):
        return n in v.shape and v.ndim <= 2
    return isinstance(v, float)  # which onp.float64 is


def raised(v: Any, step: float, n: int) -> Any:
    """The same with a log_det that is higher by a step: of several the last, or the first that is not 0."""
    if isinstance(v, list):
        return [*v[:-1], v[-1] + step]
    if not is_numbers(v) or v.size == n:
        return v + step
    v, axis = v.copy(), v.shape.index(n)
    used = onp.flatnonzero(onp.abs(v).max(axis=axis) > 0)
    if len(used):
        v[(used[0],) if axis == 1 else (slice(None), used[0])] += step
    return v


def summed(variables: Any, sums: list[tuple[str, float]], n: int) -> Any:
    """sum_i r_i v_i over the named local variables (name_i, r_i)."""
    total = onp.zeros(n)
    for name, r in sums:
        v = variables[name]
        for each in v if isinstance(v, list) else [v]:
            total = total + r * _log_det(onp.asarray(each, dtype=float), n)
    return total


def _log_det(v, n):
    return v.reshape(-1) if v.size in (1, n) else v.sum(axis=1 - v.shape.index(n))
