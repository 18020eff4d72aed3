"""The rows that a fit does not train on, and the noise that makes a density of discretised data bounded.

validation = 0.1            a share of the rows, drawn at random; of 3 to 5 rows, one; it gets its noise once
validation = x              rows of their own, or (x, context), or (x, context, weights); they are checked as x is, and
                                taken as they are
validation = None or 0      none
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

import numpy as onp

from nfscratch import backend, outside, validate
from nfscratch.training import data_rows, row_weights
from nfscratch.training.batches import take_rows
from nfscratch.training.record import TrainingWarning

FEW = 5  # rows, of which the usual tenth is less than one


@dataclass(frozen=True)
class Rows:
    """Rows of a table: x (N, *shape), context (N, C) or None, weights (N,) or None, and the numbers that they have.

    `numbers` (N,) count in the argument called `where`, so that a message names a row as the caller knows it.
    """

    x: Any
    context: Any
    weights: Any
    numbers: onp.ndarray
    where: str = "x"

    def once(self):
        """Each number once."""
        first = onp.unique(self.numbers, return_index=True)[1]
        return self if len(first) == len(self.numbers) else self.take(onp.sort(first))

    def take(self, rows: Any) -> Rows:
        x, context, weights = take_rows((self.x, self.context, self.weights), rows)
        return replace(self, x=x, context=context, weights=weights, numbers=self.numbers[rows])

    def copied(self) -> Rows:
        """Each row as often as its weight says, and without weights."""
        copies = row_weights.copies(self.weights)
        return self if copies is None else replace(self.take(copies), weights=None)


def hold_out(
    validation: Any,
    rows: Rows,
    flow: Any,
    params: Any,
    noisy: Callable,
    rng: Any,
    groups: Callable = lambda rows: None,
    least: int = 0,
) -> tuple[Rows, Rows | None]:
    """Rows to train on, and rows to evaluate on or None.

    groups(rows): (N,), equal for rows that stay together. least: of a share, at least so many rows, or a fifth of all.
    """
    if validation is None or (isinstance(validation, Real) and validation == 0):
        return rows, None
    if isinstance(validation, Real):
        return _share(validation, rows, noisy, rng, groups, least)
    return rows, _given(validation, rows, flow, params)


def enough(rows: Rows, validation: Any, those: str = "") -> Rows:
    """`rows`, of which there must be 2 to train on, since one row has no scale, and one more where a share is held out.

    those: which of the caller's rows they are, for the message.
    """
    N, holds_out = len(rows.x), isinstance(validation, Real) and validation != 0
    if holds_out and N < 3:
        raise ValueError(
            f"x must have at least 3 rows{those}: 2 to train on, and 1 to choose the best parameters by; got {N}"
        )
    if N < 2:
        raise ValueError(f"x must have at least 2 rows{those} to fit to; got {N}")
    return rows


def _share(share, rows, noisy, rng, groups, least):
    N = len(rows.x)
    n = _how_many(share, N, least)
    if not 0 < n < N - 1:
        raise ValueError(
            f"validation must leave rows on both sides; got {share} of {N} rows (validation=None holds out none)"
        )
    order = rng.permutation(N)
    if (together := groups(rows)) is not None:
        order, n = _with_groups_whole(order, n, together)
    held = rows.take(order[:n])
    return rows.take(order[n:]), replace(held, x=noisy(held.x, rng))


def _how_many(share, N, least):
    """The number of rows to hold out. Of few rows, a share that is less than a row is one, and a warning says so."""
    if not 0 < share < 1 or round(share * N) > 0 or N > FEW:
        asked = round(share * N) if -N <= share <= N else 0
        return max(asked, min(least, N // 5)) if asked > 0 else asked
    if least:
        return 1  # folds.py has its own words
    outside.warn(
        f"x has {N} rows: 1 of them is held out to choose the best parameters by, and {N - 1} are trained on. "
        "So few rows say little about a density",
        TrainingWarning,
    )
    return 1


def _with_groups_whole(order, n, groups):
    """An order of the rows whose first ones, about n and at least 1, are whole groups; and how many they are.

    Groups are taken as they come first in `order`, unless they are larger than what is still to be taken. Where all
    groups are larger than n, no share of whole groups is left, and `order` is taken as it is.
    """
    sizes, first = onp.bincount(groups), onp.full(groups.max() + 1, len(order))
    onp.minimum.at(first, groups[order], onp.arange(len(order)))
    held, count = onp.zeros(len(sizes), dtype=bool), 0
    for group in onp.argsort(first):
        if count + sizes[group] <= n:
            held[group], count = True, count + sizes[group]
    if count == 0:
        return order, n
    inside = held[groups[order]]
    return onp.concatenate([order[inside], order[~inside]]), count


def _given(validation, rows, flow, params):
    given = validation if isinstance(validation, tuple) else (validation,)
    if len(given) not in (1, 2, 3) or (isinstance(validation, tuple) and len(given) == 1):
        raise ValueError(
            f"validation must be a share, rows x, (x, context) or (x, context, weights); got a tuple of {len(given)}"
        )
    width = None if rows.context is None else rows.context.shape[1]
    x, context, weights = data_rows.checked(flow, params, *(*given, None, None)[:3], "validation", width)
    if len(x) == 0:
        raise ValueError("validation must have at least 1 row; got 0")
    given = Rows(x, context, weights, onp.arange(len(x)), "validation")
    counting = row_weights.rows_that_count(weights)
    return given if counting is None else given.take(counting)


def jittered(width: Any, shape: tuple[int, ...]) -> Callable[[Any, Any], Any]:
    """(batch, rng) -> batch + U[0, width)."""
    if width is None:
        return lambda x, rng: x
    given = onp.asarray(validate.numeric("jitter", width))
    if given.dtype.kind == "b":
        raise TypeError(f"jitter must be a width, or one per column; got {width}")
    given = given.astype(onp.float64)
    if given.shape not in ((), tuple(shape)):
        raise ValueError(f"jitter must be one width, or one per column, shape {tuple(shape)}; got {given.shape}")
    if not (onp.isfinite(given).all() and (given >= 0).all()):
        raise ValueError(f"jitter must be finite and at least 0; got {width}")
    width = onp.broadcast_to(given, shape)

    def noisy(x, rng):
        noise = rng.random((len(x), *shape)) * width
        return x + backend.asarray(onp.asfortranarray(noise), dtype=x.dtype, like=x)

    return noisy
