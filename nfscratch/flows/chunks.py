"""Chunks: a function of many rows, some rows at a time, so that the memory it needs does not grow with their number."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as onp

from nfscratch.ops.roots import InversionError

ROWS = 2**14  # of one chunk: long enough to hide Python's part, short enough for a layer's arrays to stay in the cache
NUMBERS = 2**19  # of x in one chunk: a layer has some tens of arrays of that size, or of a spline's parameters for each
LEAST = 2**8  # rows, however wide


def rows_of(x: Any) -> int:
    """How many rows of x a chunk has: ROWS of them, or fewer where they are wide."""
    return max(min(ROWS, LEAST), min(ROWS, NUMBERS // max(1, prod(x.shape[1:]))))


def in_chunks(fun: Callable, x: Any, context: Any = None) -> Any:
    """fun(x, context), an array or a tuple of arrays with a row for each row of x, computed ROWS rows at a time."""
    size = rows_of(x)
    if len(x) <= size:
        return fun(x, context)
    result = None
    for start in range(0, len(x), size):
        rows = slice(start, start + size)
        try:
            part = fun(x[rows], None if context is None else context[rows])
        except InversionError as error:  # which numbers the rows that it was given
            raise InversionError(f"of the rows from {start} on, {error}", error.entry) from error
        parts = part if isinstance(part, tuple) else (part,)
        if result is None:
            result = tuple(onp.empty_like(p, shape=(len(x), *p.shape[1:]), order="F") for p in parts)
        for whole, p in zip(result, parts, strict=True):
            whole[rows] = p
    return result if isinstance(part, tuple) else result[0]
