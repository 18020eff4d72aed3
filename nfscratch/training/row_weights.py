"""Weights of rows: a row of weight 2 counts as two rows with the same values do, and a row of weight 0 not at all."""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch import backend, validate


def checked(weights: Any, n: int, like: Any) -> Any:
    """`weights` as (n,) numbers with the dtype of `like`, or None. ValueError names the first row that does not fit."""
    if weights is None:
        return None
    weights = validate.events("weights", weights, (), like)
    if len(weights) != n:
        raise ValueError(f"weights must have one number for each of the {n} rows; got {len(weights)}")
    if bool((weights < 0).any()):
        row = int((weights < 0).argmax())
        raise ValueError(f"weights must be at least 0; got {float(weights[row]):.4g} in row {row}")
    if not bool((weights > 0).any()):
        raise ValueError("weights must not all be 0; got 0 in every row")
    return weights


def rows_that_count(weights: Any) -> Any:
    """The numbers of the rows with a weight above 0, on the host; None where all have one."""
    if weights is None or bool((weights > 0).all()):
        return None
    return onp.flatnonzero(backend.to_numpy(weights) > 0)


def of_mean_1(weights: Any) -> Any:
    """So that the loss of a batch, its weighted sum over its size, has the weighted mean of all rows as expectation."""
    return None if weights is None else weights / weights.mean()
