"""Means over pairs of rows, some rows at a time: memory is bounded, whatever the number of rows.

    between   1 / (N M) sum_ij k(d(a_i, b_j))                        a (N, D), b (M, D)                            (1)
    within    1 / (N (N - 1)) sum_(i != j) k(d(a_i, a_j))            a pair of a row with itself is left out       (2)

d is Euclid's distance, or its square. It is computed from the differences: |a|^2 + |b|^2 - 2 a b would lose every
digit where rows lie far from 0 and near each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from scipy.spatial.distance import cdist

BLOCK = 4_000_000  # distances at a time, 32 MB
MOST_ROWS = 10_000  # whose matrix is kept whole, 0.8 GB


def between(a: np.ndarray, b: np.ndarray, k: Callable, metric: str) -> float:
    """(1); k changes an array of distances; metric: "euclidean" or "sqeuclidean"."""
    return _sum(a, b, k, metric) / (len(a) * len(b))


def within(a: np.ndarray, k: Callable, metric: str) -> float:
    """(2); a has at least 2 rows."""
    itself = len(a) * float(k(np.zeros(1))[0])
    return (_sum(a, a, k, metric) - itself) / (len(a) * (len(a) - 1))


def matrix(who: str, a: np.ndarray, b: np.ndarray, metric: str) -> np.ndarray:
    """All distances of the rows of a and b together, (N + M, N + M). ValueError where they are too many to keep."""
    n = len(a) + len(b)
    if n > MOST_ROWS:
        raise ValueError(
            f"{who} keeps the distances of all pairs, so a and b must have at most {MOST_ROWS:,} rows together "
            f"({MOST_ROWS**2 * 8e-9:.1f} GB); got {n:,} rows, which need {n**2 * 8e-9:.1f} GB: pass fewer rows"
        )
    pooled = np.concatenate([a, b])
    return cdist(pooled, pooled, metric)


def _sum(a, b, k, metric):
    return sum(float(k(block).sum()) for block in _blocks(a, b, metric))


def _blocks(a, b, metric) -> Iterator[np.ndarray]:
    rows = max(1, BLOCK // len(b))
    return (cdist(a[i : i + rows], b, metric) for i in range(0, len(a), rows))
