"""Chunks: a function of many rows, some rows at a time, so that the memory it needs does not grow with their number."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as onp

from nfscratch.ode import IntegrationError
from nfscratch.ops.roots import InversionError

ROWS = 2**14  # of one chunk: enough for the calls of Python to cost little
NUMBERS = 2**14  # of x in one chunk of wide rows
MANY = 2**19  # of x in one chunk, where a map takes many passes: each pass costs the calls of Python again
NARROW = 4  # variables, up to which a chunk has ROWS
LEAST = 2**8  # rows, however wide


def rows_of(x: Any, cost: str = "one pass") -> int:
    """How many rows of x a chunk has. cost: that of the direction, as a bijection's traits say it.

    A layer makes some tens of arrays of a chunk's size, and a spline has some tens of parameters for each number of x.
    Arrays that leave the cache, or need new memory from the system, cost up to twice the time.
    """
    width = max(1, prod(x.shape[1:]))
    if width <= NARROW:
        return ROWS
    return max(min(ROWS, LEAST), min(ROWS, (NUMBERS if cost == "one pass" else MANY) // width))


def in_chunks(fun: Callable, x: Any, context: Any = None, cost: str = "one pass") -> Any:
    """fun(x, context), an array or a tuple of arrays with a row for each of x, `rows_of(x, cost)` rows at a time."""
    size = rows_of(x, cost)
    if len(x) <= size:
        return fun(x, context)
    result, failed = None, None
    for start in range(0, len(x), size):
        rows = slice(start, start + size)
        try:
            part = fun(x[rows], None if context is None else context[rows])
        except (InversionError, IntegrationError) as error:  # which numbers the rows that it was given
            failed = _together(failed, error.from_row(start))
            if failed.rows is None:
                raise failed from error
            continue  # the other chunks say which of their rows fail
        if failed is not None:
            continue
        parts = part if isinstance(part, tuple) else (part,)
        if result is None:
            result = tuple(onp.empty_like(p, shape=(len(x), *p.shape[1:]), order="F") for p in parts)
        for whole, p in zip(result, parts, strict=True):
            whole[rows] = p
    if failed is not None:
        raise failed
    return result if isinstance(part, tuple) else result[0]


def _together(first, error):
    """The first error of several chunks, with the rows of both; None where one does not know its rows."""
    if first is not None:
        first.rows = None if error.rows is None else [*first.rows, *error.rows]
    return first or error
