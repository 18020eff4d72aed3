"""Where defined: what a function gives at many points, of which it refuses some.

A step of a finite difference may leave the domain, and a map of another library refuses a whole batch for one row of
it, with an exception of its own kind. So the batch is halved until the rows that are refused stand alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as onp


def where_defined(f: Callable[[Any], Any], a: Any) -> Any:
    """f of all rows, (N, D) with NaN for those that it refuses. Where it refuses all of them, it raises."""
    rows = _answered(f, a)
    width = next((row.shape[1] for row in rows if row is not None), 0)
    if not width:
        return f(a)
    return onp.concatenate([onp.full((1, width), onp.nan) if row is None else row for row in rows])


def _answered(f, a):
    """What f gives, in pieces; None for each row that it refuses."""
    try:
        return [f(a)]
    except Exception:  # of any kind
        middle = len(a) // 2
        return [None] if len(a) <= 1 else [*_answered(f, a[:middle]), *_answered(f, a[middle:])]
