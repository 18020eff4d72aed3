"""Rows that stand in a table more than once: a random share of them is no test.

Its rows are in the training set too, and a flow that learns rows by heart looks best. So `fit` keeps equal rows on one
side. They are no copies where they come by chance: where every column has few levels or a coarse grid, as whole numbers
are, or where the pairs of equal rows are not ten times as many as of columns that know nothing of each other.
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch import backend, outside
from nfscratch.training import discrete
from nfscratch.training.record import TrainingWarning

COPIES = 0.01  # this share of copies is worth a warning
FEW = 20  # levels
BEYOND_CHANCE = 10


def groups_of(rows: Any) -> Any:
    """(N,) numbers, the same for equal rows (x and context); None where no rows are copies of each other."""
    keys = row_hashes(rows.x, rows.context)
    first, groups = onp.unique(keys, return_index=True, return_inverse=True)[1:]
    if len(first) == len(keys) or _by_chance(rows, onp.bincount(groups)):
        return None
    copies = onp.flatnonzero(rows.numbers[first[groups]] != rows.numbers)
    if len(copies) >= COPIES * len(keys):
        row, original = rows.numbers[copies[0]], rows.numbers[first[groups[copies[0]]]]
        outside.warn(
            f"x: {len(copies)} of {len(keys)} rows are copies of others (row {row} is row {original}), so a random "
            "share of them is no test. Equal rows are kept together, in training or in validation; do the same with a "
            "test set of your own, or take each once: numpy.unique(x, axis=0)",
            TrainingWarning,
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
