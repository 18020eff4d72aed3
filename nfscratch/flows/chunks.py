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
    whole, failed = None, None
    for start in range(0, len(x), size):
        rows = slice(start, start + size)
        try:
            part = fun(x[rows], None if context is None else context[rows])
        except (InversionError, IntegrationError) as error:  # which numbers the rows that it was given
            failed = _together(failed, error, start)  # the other chunks say which of their rows fail
        else:
            whole = _put(part, whole, rows, len(x)) if failed is None else None
    if failed is not None:
        raise failed
    return whole


def _together(first, error, start):
    """The first error of several chunks, with the rows of all. One that does not know its rows is raised at once."""
    error = error.from_row(start)
    if first is not None:
        first.rows = None if error.rows is None else [*first.rows, *error.rows]
    first = first or error
    if first.rows is None:
        raise first
    return first


def _put(part, whole, rows, n):
    """`part`, an array or a tuple of arrays, as these rows of `whole`, which has n; None: there is no whole yet."""
    if isinstance(part, tuple):
        wholes = [None] * len(part) if whole is None else whole
        return tuple(_put(p, w, rows, n) for p, w in zip(part, wholes, strict=True))
    if whole is None:
        whole = onp.empty_like(part, shape=(n, *part.shape[1:]), order="F")
    whole[rows] = part
    return whole
