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
from nfscratch.bijections import ActNorm, BatchNorm, Standardize
from nfscratch.bijections.normalize import statistics
from nfscratch.bijections.normalize.channels import samples
from nfscratch.ops.moments import moments
from nfscratch.training.remedies import inside


@contextmanager
def looked_at(flow: Any, rows: Any) -> Iterator[None]:
    """Warn of such rows where a layer of the flow takes its scale from standard deviations; then no layer does."""
    x = rows.x
    if x.ndim == 2 and any(map(_takes_moments, inside(flow))):
        columns = samples(onp.asarray(backend.to_numpy(x), dtype=onp.float64))
        with onp.errstate(over="ignore", invalid="ignore"):
            statistics.warn_of_far_rows("x", "column", columns, moments(columns)[1], "", rows.numbers)
    token = statistics.LOOKED_AT.set(True)
    try:
        yield
    finally:
        statistics.LOOKED_AT.reset(token)


def _takes_moments(part):
    return isinstance(part, (ActNorm, BatchNorm)) or (isinstance(part, Standardize) and part.kind == "moments")
