"""Weights of rows: a row of weight 2 counts as two rows with the same values do, and a row of weight 0 not at all.

The loss and the validation are weighted means. A flow starts from *copies* of the rows: layers that look at data take
moments, quantiles or correlations, and none of them, nor one of a caller's own, needs to know of weights. Row n comes

    M w_n / sum_m w_m    times, rounded up or down by chance

Weights that are multiples of the smallest one, such as counts, make M the sum of the multiples, and nothing is rounded.
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch import backend, validate

COPIES, FEW = 8, 20_000  # so many copies a row, as long as all of them are few


def checked(weights: Any, n: int, like: Any, name: str = "weights") -> Any:
    """`weights` as (n,) numbers with the dtype of `like`, or None. ValueError names the first row that does not fit."""
    if weights is None:
        return None
    weights = validate.events(name, weights, (), like)
    if len(weights) != n:
        raise ValueError(f"{name} must have one number for each of the {n} rows; got {len(weights)}")
    if bool((weights < 0).any()):
        row = int((weights < 0).argmax())
        raise ValueError(f"{name} must be at least 0; got {float(weights[row]):.4g} in row {row}")
    if not bool((weights > 0).any()):
        raise ValueError(f"{name} must not all be 0; got 0 in every row")
    with onp.errstate(over="ignore"):
        too_large = not bool(onp.isfinite(weights.sum()))
    return weights / weights.max() if too_large else weights


def rows_that_count(weights: Any) -> Any:
    """The numbers of the rows with a weight above 0, on the host; None where all have one."""
    if weights is None or bool((weights > 0).all()):
        return None
    return onp.flatnonzero(backend.to_numpy(weights) > 0)


def of_mean_1(weights: Any) -> Any:
    """So that the loss of a batch, its weighted sum over its size, has the weighted mean of all rows as expectation."""
    return None if weights is None else weights / weights.mean()


def copies(weights: Any) -> Any:
    """The numbers of the rows, each as often as its weight says, on the host; None where all count alike.

    weights (N,): above 0. The chance is that of a seed of its own, so no draw of the caller's depends on it.
    """
    if weights is None or bool((weights == weights[0]).all()):
        return None
    weights = onp.asarray(backend.to_numpy(weights), dtype=onp.float64)
    most = max(len(weights), min(COPIES * len(weights), FEW))
    with onp.errstate(all="ignore"):  # of weights such as 1e-320, which are no whole multiples
        multiples = onp.rint(weights / weights.min())
        whole = bool(onp.isclose(multiples * weights.min(), weights, rtol=1e-6, atol=0.0).all())
        whole = whole and multiples.sum() <= most
    if not whole:
        shares = weights / weights.max()
        multiples = _rounded(shares * (most / shares.sum()))
    return onp.repeat(onp.arange(len(weights)), multiples.astype(int))


def _rounded(wanted):
    """Whole numbers within 1 of those wanted, and with their sum: the rows in a random order share out what is left."""
    order = onp.random.default_rng(0).permutation(len(wanted))
    ends = onp.rint(onp.cumsum(wanted[order]))
    counts = onp.empty_like(ends)
    counts[order] = onp.diff(ends, prepend=0.0)
    return counts
