"""Columns that other columns give: x lies in a plane or on a surface, where a density has no upper bound.

Each copy of a column adds as many nats as one likes, so a high likelihood says nothing about the fit there. Two kinds
are looked for:

linear    x = Q R of the standardised columns:  |R_jj| / sqrt(N)  is what the columns before leave of the standard
          deviation of column j
curved    functions of one column, and powers of several: curved.py, which says what is not found
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch import backend, outside
from nfscratch.training.curved import curved_columns
from nfscratch.training.record import TrainingWarning

LEFT = 1e-5  # of the standard deviation; a column of which less is left is a function of the others
ROUNDING = 16  # or less than so many times eps max|x|
COLUMNS, ROWS_EACH = 1000, 5  # tables of more columns are not looked at; so many rows for each column are
LEAST = 8  # rows: two of them lie on a line whatever they are
NAMED = 3


def warn_of_dependent_columns(x: Any, jitter: Any) -> None:
    """Name the columns of x (N, D) that others give, unless they get noise of their own."""
    if x.ndim != 2 or len(x) < LEAST or not 1 < x.shape[1] <= COLUMNS:
        return
    width = onp.zeros(1) if jitter is None else onp.asarray(jitter, dtype=onp.float64)
    noisy = onp.flatnonzero(onp.broadcast_to(width, x.shape[1]))
    linear = {column: _line(of) for column, of in dependent_columns(x).items() if column not in noisy}
    found = {**linear, **curved_columns(x, without={*linear, *map(int, noisy)})}
    if not found:
        return
    named = ", ".join(f"column {column} is {what}" for column, what in list(found.items())[:NAMED])
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    where = "in a plane" if len(linear) == len(found) else "on a surface of fewer dimensions"
    outside.warn(
        f"x: {named}{more}. x lies {where}, where its density has no upper bound, so a high log-likelihood says "
        f"nothing about the fit; fit to the other columns: numpy.delete(x, {_listed(sorted(found))}, axis=1)",
        TrainingWarning,
    )


def _line(of):
    return "a linear function of " + ("the columns before it" if of is None else f"column {of}")


def _listed(columns):
    return str(columns) if len(columns) <= 20 else f"[{', '.join(map(str, columns[:20]))}, ...]"


def dependent_columns(x: Any) -> dict[int, int | None]:
    """{column: the one column that gives it, or None where several do}."""
    eps, (N, D) = float(onp.finfo(x.dtype).eps), x.shape
    rows = min(N, 1000 + ROWS_EACH * D)
    u = backend.to_numpy(x)[onp.random.default_rng(0).permutation(N)[:rows]].astype(onp.float64)
    size = onp.abs(u).max(axis=0) + onp.finfo(onp.float64).tiny
    u = u / size
    u = u - u.mean(axis=0)
    spread = onp.sqrt(onp.square(u).mean(axis=0))
    left = onp.maximum(LEFT, ROUNDING * eps / onp.where(spread > 0, spread, 1.0))
    varies = onp.flatnonzero((spread > 0) & (left < 0.1))
    if len(varies) == 0:
        return {}
    u, left = u[:, varies] / spread[varies] / onp.sqrt(rows), left[varies]
    copies = onp.triu(1.0 - onp.square(u.T @ u) < onp.square(left), 1)
    found = copies.any(axis=0)
    if rows > D + 1:  # with fewer rows every column is a function of the others
        found |= onp.abs(onp.diagonal(onp.linalg.qr(u, mode="r"))) < left
    of = onp.where(copies.any(axis=0), copies.argmax(axis=0), -1)
    return {int(varies[j]): int(varies[of[j]]) if of[j] >= 0 else None for j in onp.flatnonzero(found)}
