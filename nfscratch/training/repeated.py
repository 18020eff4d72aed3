"""Rows that stand in a table more than once, and columns that other columns give: where a high likelihood is no skill.

equal rows          A random share of them is no test: its rows are in the training set too, and a flow that learns
                    rows by heart looks best. So `fit` keeps equal rows on one side. They are no copies where they
                    come by chance: where every column has few levels or a coarse grid, as whole numbers are, or where
                    the pairs of equal rows are not ten times as many as of columns that know nothing of each other.
dependent columns   x lies in a plane, where a density has no upper bound: each copy of a column adds as many nats as
                    one likes. They are found by x = Q R of the standardised columns:  |R_jj| / sqrt(N)  is what the
                    columns before leave of the standard deviation of column j.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as onp

from nfscratch import backend
from nfscratch.training import discrete
from nfscratch.training.record import TrainingWarning

COPIES = 0.01  # this share of copies is worth a warning
LEFT = 1e-5  # of the standard deviation; a column of which less is left is a function of the others
ROUNDING = 16  # or less than so many times eps max|x|
COLUMNS, ROWS_EACH = 1000, 5  # tables of more columns are not looked at; so many rows for each column are
LEAST = 8  # rows: two of them lie on a line whatever they are
FEW = 20  # levels
BEYOND_CHANCE = 10
NAMED = 3


def groups_of(rows: Any) -> Any:
    """(N,) numbers, the same for equal rows (x and context); None where no rows are copies of each other."""
    keys = row_hashes(rows.x, rows.context)
    first, groups = onp.unique(keys, return_index=True, return_inverse=True)[1:]
    if len(first) == len(keys) or _by_chance(rows, onp.bincount(groups)):
        return None
    copies = onp.flatnonzero(rows.numbers[first[groups]] != rows.numbers)
    if len(copies) >= COPIES * len(keys):
        row, original = rows.numbers[copies[0]], rows.numbers[first[groups[copies[0]]]]
        warnings.warn(
            f"x: {len(copies)} of {len(keys)} rows are copies of others (row {row} is row {original}), so a random "
            "share of them is no test. Equal rows are kept together, in training or in validation; do the same with a "
            "test set of your own, or take each once: numpy.unique(x, axis=0)",
            TrainingWarning,
            stacklevel=3,
        )
    return groups


def row_hashes(x: Any, context: Any = None) -> Any:
    """(N,) whole numbers of 64 bits, equal for rows whose x (N, *shape) and context (N, C) are equal; others differ,
    but for one chance in 2^64 a pair."""
    if context is None:
        return _hashes(x)
    return _mixed(_hashes(x)) + _hashes(context)


def _hashes(x):
    """The sum over the columns of the mixed bits of each entry, which start from a number of the column's own."""
    columns = backend.to_numpy(x).reshape((len(x), -1)).T
    starts = onp.random.default_rng(0).integers(0, 2**63, len(columns), dtype=onp.uint64)
    total = onp.zeros(len(x), dtype=onp.uint64)
    for column, start in zip(columns, starts, strict=True):
        bits = (column + 0.0).view(f"u{column.itemsize}").astype(onp.uint64)  # -0.0 is 0.0
        total += _mixed(bits ^ start)
    return total


def _mixed(bits):
    """The last steps of SplitMix64: every bit of the result depends on all (Steele, Lea, Flood 2014)."""
    bits = (bits ^ (bits >> onp.uint64(30))) * onp.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> onp.uint64(27))) * onp.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> onp.uint64(31))


def _by_chance(rows, sizes):
    """Whether equal rows are no copies. sizes: how many rows each group of equal ones has."""
    coarse, levels = discrete.on_coarse_grids(rows.x), [onp.unique(column) for column in _columns(rows.x)]
    if all(few or len(each) <= FEW for few, each in zip(coarse, levels, strict=True)):
        return True
    columns = _columns(rows.x) if rows.context is None else [*_columns(rows.x), *_columns(rows.context)]
    if len(columns) == 1:
        return False
    chance = onp.prod([_share_of_pairs(onp.unique(column, return_counts=True)[1]) for column in columns])
    return _share_of_pairs(sizes) < BEYOND_CHANCE * chance


def _columns(x):
    return backend.to_numpy(x).reshape((len(x), -1)).T


def _share_of_pairs(counts):
    """The share of pairs of rows that are equal."""
    N = counts.sum()
    return float((counts * (counts - 1.0)).sum() / (N * (N - 1.0)))


def warn_of_dependent_columns(x: Any, jitter: Any) -> None:
    """Name the columns of x (N, D) that those before them give, unless they get noise of their own."""
    if x.ndim != 2 or len(x) < LEAST or not 1 < x.shape[1] <= COLUMNS:
        return
    width = onp.zeros(1) if jitter is None else onp.asarray(jitter, dtype=onp.float64)
    found = {
        column: of for column, of in dependent_columns(x).items() if not onp.broadcast_to(width, x.shape[1])[column]
    }
    if not found:
        return
    named = ", ".join(_described(column, of) for column, of in list(found.items())[:NAMED])
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    warnings.warn(
        f"x: {named}{more}. x lies in a plane, where its density has no upper bound, so that a high log-likelihood is "
        f"no skill; fit to the other columns: numpy.delete(x, {_listed(list(found))}, axis=1)",
        TrainingWarning,
        stacklevel=3,
    )


def _described(column, of):
    return f"column {column} is a linear function of " + ("the columns before it" if of is None else f"column {of}")


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
