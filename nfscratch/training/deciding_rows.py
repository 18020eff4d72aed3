"""Rows that decide the scale of a column: one -9999 in 5,000 rows makes a standard deviation of 141 out of 1.

`fit` looks for them in all of the caller's rows, those held out too, before it draws which are: so the warning names a
row as the caller knows it. The layers, which see the training rows shuffled, then warn no more.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as onp

from nfscratch import backend
from nfscratch.bijections import ActNorm, BatchNorm, Bounds, Standardize
from nfscratch.bijections.normalize import statistics
from nfscratch.nets import StandardizedInput
from nfscratch.ops.moments import moments
from nfscratch.training.data_rows import NAMES
from nfscratch.training.remedies import inside


@contextmanager
def looked_at(flow: Any, rows: Any, held_out: Any = None) -> Iterator[None]:
    """Warn of such rows where a layer takes its scale from standard deviations; then no layer does.

    held_out: looked at in the same way where they are rows that the caller gave, and not a share of `rows`. They decide
    no scale, but one of them decides which parameters are the best.
    """
    for given in [rows] if held_out is None or held_out.where == rows.where else [rows, held_out]:
        _look_at_all(flow, given.copied(), *NAMES[given.where])
    with said():
        yield


@contextmanager
def said() -> Iterator[None]:
    """No layer warns of far rows: what there is to say has been said."""
    token = statistics.LOOKED_AT.set(True)
    try:
        yield
    finally:
        statistics.LOOKED_AT.reset(token)


def _look_at_all(flow, rows, x, context, _):
    """x, context: their names."""
    if rows.x.ndim == 2 and any(map(_takes_moments, inside(flow.bijection))):
        _look(x, _unbounded(flow, rows.x), rows.numbers)
    if rows.context is not None and isinstance(flow.embed, StandardizedInput) and _column_by_column(flow.embed):
        _look(context, rows.context, rows.numbers)


def _look(name, x, numbers):
    x = onp.asarray(backend.to_numpy(x), dtype=onp.float64)
    with onp.errstate(over="ignore", invalid="ignore"):
        statistics.warn_of_far_rows(name, "column", x, moments(x)[1], "", numbers)


def _unbounded(flow, x):
    """x as the layer before a `support` sees it, whose scale is taken there: of positive data it is the logarithm."""
    last = getattr(flow.bijection, "layers", [None])[-1]
    return last.inverse_value({}, x)[0] if isinstance(last, Bounds) else x


def _column_by_column(embed):
    """Whether each column of the context has a standard deviation of its own; the pixels of an image share one."""
    return embed.kind == "moments" and embed.in_shape is None


def _takes_moments(part):
    return isinstance(part, (ActNorm, BatchNorm)) or (isinstance(part, Standardize) and part.kind == "moments")
