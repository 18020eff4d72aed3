"""Rows of data for a flow: x (N, *shape), context (N, C) where the flow takes one, weights. Checked, and in pieces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as onp
from autograd.tracer import isbox

from nfscratch import lost_digits, trees, validate
from nfscratch.array_kinds import plain
from nfscratch.flows import chunks
from nfscratch.training import row_weights
from nfscratch.training.batches import take_rows

NAMES = {
    "x": ("x", "context", "weights"),
    "validation": ("validation", "context of validation", "weights of validation"),
}


def checked(
    flow: Any,
    params: Any,
    x: Any,
    context: Any,
    weights: Any = None,
    where: str = "x",
    width: int | None = None,
    cast_only: bool = True,
) -> tuple[Any, Any, Any]:
    """(x, context, weights) in the dtype of `params`; one context row serves all. ValueError says what is wrong.

    params None: there are none yet, so that an embedding network takes a context of any width, or of `width`.
    where: the caller's argument that holds the rows, for messages. cast_only: as in lost_digits.check.
    """
    like, names, given = trees.array_like(params), NAMES[where], (x, context)
    x = flow.checked_x(names[0], x, like)
    context = flow.checked_context(params, context, len(x), like, names[1], width)
    weights = row_weights.checked(weights, len(x), x, names[2])
    counting = row_weights.rows_that_count(weights)
    for name, rows in zip(names, given, strict=False):
        lost_digits.check(name, _those(name, rows, counting, len(x)), like.dtype, cast_only=cast_only)
    return x, context, weights


def checked_batch(flow: Any, params: Any, x: Any, context: Any, weights: Any, total: Any) -> tuple[Any, Any, Any]:
    """(x, context, weights) of a loss with its gradient, checked as those of the loss alone, and `total`."""
    refuse_no_rows(x)
    if total is not None:
        validate.positive("total", total)
        weights = onp.ones(len(x)) if weights is None else weights
    return checked(flow, params, x, context, weights)


def refuse_no_rows(x: Any) -> None:
    """ValueError where there is no row to take a mean over."""
    if (isinstance(x, (list, tuple)) and not x) or getattr(x, "shape", ())[:1] == (0,):
        raise ValueError("x must have at least 1 row to take a mean over; got 0")


def numbered(numbers: Any, n: int) -> onp.ndarray:
    """`numbers` (n,), by which a caller knows the rows; None: 0 to n - 1."""
    if numbers is None:
        return onp.arange(n)
    numbers = validate.numeric("numbers", numbers)
    if numbers.shape != (n,) or numbers.dtype.kind not in "iu":
        raise ValueError(
            f"numbers must have one whole number for each of the {n} rows; got shape {numbers.shape} of {numbers.dtype}"
        )
    return numbers


def _those(name, given, counting, n):
    """The rows of the caller's own object that count: a row of weight 0 needs no digits."""
    if given is None or counting is None or isbox(given):
        return given
    given = plain(name, given)
    return take_rows(given, counting) if onp.shape(given)[:1] == (n,) else given


def pieces(x: Any, context: Any) -> Iterator[tuple[Any, Any]]:
    """(x, context) in the pieces that a chunk has, as views."""
    size = chunks.rows_of(x)
    for start in range(0, len(x), size):
        rows = slice(start, start + size)
        yield x[rows], None if context is None else context[rows]
