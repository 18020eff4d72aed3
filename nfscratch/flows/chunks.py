"""Chunks: a function of many rows, some rows at a time, so that the memory it needs does not grow with their number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as onp

ROWS = 2**14  # of one chunk: long enough to hide Python's part, short enough for a layer's arrays to stay in the cache


def in_chunks(fun: Callable, x: Any, context: Any = None) -> Any:
    """fun(x, context), an array or a tuple of arrays with a row for each row of x, computed ROWS rows at a time."""
    if len(x) <= ROWS:
        return fun(x, context)
    result = None
    for start in range(0, len(x), ROWS):
        rows = slice(start, start + ROWS)
        part = fun(x[rows], None if context is None else context[rows])
        parts = part if isinstance(part, tuple) else (part,)
        if result is None:
            result = tuple(onp.empty_like(p, shape=(len(x), *p.shape[1:]), order="F") for p in parts)
        for whole, p in zip(result, parts, strict=True):
            whole[rows] = p
    return result if isinstance(part, tuple) else result[0]
