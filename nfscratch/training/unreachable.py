"""Rows that a flow cannot give a density above 0, whatever its parameters are: named before training begins.

    x outside of (low, high), or exactly on a bound where the layers send it to infinity

(low, high) is what the bijection reaches from the base's support. Jitter U[0, w) moves x to [x, x + w), which has to
lie inside. `log_prob` of such rows is -inf, which is right; a fit to them has no finite loss.
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch import backend
from nfscratch.bijections import Bounds
from nfscratch.ops.intervals import REALS

SHOWN = 5


def refuse(flow: Any, rows: Any, jitter: Any) -> None:
    """ValueError where some of `rows` are out of reach, by number and column."""
    reach = _reach(flow)
    if reach is None or (onp.ndim(reach[0]) == 0 and reach == REALS):
        return
    x = backend.to_numpy(rows.x).astype(onp.float64)
    width = onp.zeros(1) if jitter is None else onp.asarray(jitter, dtype=onp.float64)
    on_bound = ((x == reach[0]) | (x == reach[1])) & ~(width > 0)
    outside = (x < reach[0]) | (x + width > reach[1])
    if on_bound.any():
        outside |= on_bound & _has_no_density(flow, rows, x, on_bound)
    if outside.any():
        raise ValueError(_message(x, outside, rows, reach))


def _reach(flow):
    """(low, high) of what the flow reaches: numbers, or an array with an end for each column; None: not known."""
    reach, last = flow.bijection.image(flow.base.support), getattr(flow.bijection, "layers", [None])[-1]
    if reach is None and isinstance(last, Bounds):
        return onp.array(last.low), onp.array(last.high)
    return reach


def _has_no_density(flow, rows, x, candidates):
    """Shape (N, 1, ...): whether log p of the rows with candidates is not finite, with the first parameters."""
    found = onp.flatnonzero(candidates.reshape((len(x), -1)).any(axis=1))
    context = None if rows.context is None else rows.context[found]
    params = flow.init(onp.random.default_rng(0), None, context)
    with onp.errstate(all="ignore"):
        log_p = backend.to_numpy(flow.log_prob(params, x[found], context))
    none = onp.zeros((len(x), *(1,) * (x.ndim - 1)), dtype=bool)
    none[found] = ~onp.isfinite(log_p).reshape((-1, *none.shape[1:]))
    return none


def _message(x, outside, rows, reach):
    entries = onp.argwhere(outside)
    shown = ", ".join(f"{x[tuple(at)]:.6g} in {_place(at, rows)}" for at in entries[:SHOWN])
    more = f", ... ({len(entries)} entries)" if len(entries) > SHOWN else ""
    inside = reach if onp.ndim(reach[0]) == 0 else "the bounds of its column"
    return f"{rows.where} must lie inside of {inside}, which is all that the flow reaches; got {shown}{more}"


def _place(at, rows):
    row, *column = at
    named = f"column {column[0]}" if len(column) == 1 else f"entry {tuple(int(i) for i in column)}"
    return f"row {rows.numbers[row]}, {named}"
