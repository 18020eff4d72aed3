"""Chunks: a function of many rows, some rows at a time, so that the memory it needs does not grow with their number."""

from __future__ import annotations

from collections.abc import Callable
from math import prod, sqrt
from typing import Any

import numpy as onp

from nfscratch.ops.roots import InversionError

ROWS = 2**14  # of one chunk, of one variable: more hide no more of Python's part
NUMBERS = 2**19  # of x in one chunk, where each number takes many passes
LEAST = 2**8  # rows, however wide


def rows_of(x: Any, cost: str = "one pass") -> int:
    """How many rows of x a chunk has: ROWS / sqrt(D). cost: that of the direction, as a bijection's traits say it.

    Few, and the calls of Python are many: most of all where a map takes a pass for each variable. Many, and a spline's
    parameters, some tens for each number, leave the cache: at D = 64 a spline flow takes twice as long with 8,192 rows
    as with 2,048.
    """
    width = max(1, prod(x.shape[1:]))
    rows = int(ROWS / sqrt(width)) if cost == "one pass" else min(ROWS, NUMBERS // width)
    return max(min(ROWS, LEAST), rows)


def in_chunks(fun: Callable, x: Any, context: Any = None, cost: str = "one pass") -> Any:
    """fun(x, context), an array or a tuple of arrays with a row for each of x, `rows_of(x, cost)` rows at a time."""
    size = rows_of(x, cost)
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
