"""Rows in an order that their values decide: an estimator's fit is that of a set of rows, in whatever order they come.

The random batches and the rows that `fit` holds out follow the places of the rows. So the rows are sorted by a hash of
their values, and a row whose weight is a whole number w comes w times: equal rows then stand where their copies do, and
a fit with such weights is the fit of the rows repeated, to the last digit. Other weights stay weights.
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.training.repeated import row_hashes

COPIES, FEW = 8, 20_000  # so many copies a row, as long as all of them are few


def in_one_order(x: Any, context: Any = None, weights: Any = None) -> tuple[Any, Any]:
    """The numbers of the rows of x (N, D), those of weight 0 left out, and their weights; None: all count alike."""
    rows = onp.argsort(row_hashes(x, context), kind="stable")
    if weights is None:
        return rows, None
    rows = rows[weights[rows] > 0]
    weights = weights[rows]
    if (weights == weights[0]).all():
        return rows, None
    if (weights == onp.rint(weights)).all() and weights.sum() <= max(len(rows), min(COPIES * len(rows), FEW)):
        return onp.repeat(rows, weights.astype(int)), None
    return rows, weights
