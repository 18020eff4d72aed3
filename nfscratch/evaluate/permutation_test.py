"""Permutation tests: is a statistic of two samples larger than it would be if both had one law?

If a (N, D) and b (M, D) come from one law, every division of their N + M rows into N and M is equally likely. T is the
statistic, large where laws differ; T_1 ... T_P are its values for P random divisions:

    p = (1 + #{i : T_i >= T}) / (1 + P)                                                                            (1)

P(p <= alpha) <= alpha holds exactly for every sample size. The given division counts as one of them, so p is never 0
(Phipson and Smyth 2010, doi:10.2202/1544-6115.1585). p is at least 1 / (1 + P).

A statistic of pairs, with a matrix k_ij of all rows that has zeros on its diagonal, needs that matrix only once:

    T = sum_aa k / (N (N - 1)) + sum_bb k / (M (M - 1)) - 2 sum_ab k / (N M)                                       (2)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nfscratch import returned, validate
from nfscratch.evaluate.checked_draws import two_samples

ROUNDING = 1e-12  # relative: statistics that differ by less are equal


@dataclass(frozen=True, eq=False)
class TwoSampleTest:
    """statistic: of a and b; null (P,): of P random divisions of their rows; p_value: (1)."""

    statistic: float
    null: np.ndarray
    p_value: float

    def __str__(self) -> str:
        return f"{self.statistic:.4g}, p = {self.p_value:.3g} by {len(self.null)} permutations"


def permutation_test(
    statistic: Callable[[np.ndarray, np.ndarray], float],
    a: Any,
    b: Any,
    rng: np.random.Generator,
    permutations: int = 200,
) -> TwoSampleTest:
    """(1) of any statistic(a, b) -> a number that is large where the laws of a (N, D) and b (M, D) differ.

    It is called permutations + 1 times, with NumPy arrays in float64.
    """
    validate.function("statistic", statistic, "a (N, D) and b (M, D)", 2)
    rng, permutations = checked(rng, permutations)
    a, b = two_samples(a, b)
    pooled = np.concatenate([a, b])
    orders = (rng.permutation(len(pooled)) for _ in range(permutations))
    null = [_number(statistic(*np.split(pooled[order], [len(a)]))) for order in orders]
    return judged(_number(statistic(a, b)), np.array(null))


def pairs_test(k: np.ndarray, n: int, rng: np.random.Generator, permutations: int) -> TwoSampleTest:
    """(1) of (2): k (N + M, N + M) with zeros on its diagonal, the n rows of a first."""
    first = np.zeros((len(k), permutations + 1))
    first[:n, 0] = 1.0
    for column in range(1, permutations + 1):
        first[rng.permutation(len(k))[:n], column] = 1.0
    values = _statistic_of_pairs(k, n, first)
    return judged(float(values[0]), values[1:])


def judged(statistic: float, null: np.ndarray) -> TwoSampleTest:
    """(1)."""
    equal = ROUNDING * max(abs(statistic), float(np.abs(null).max()))
    above = int((null >= statistic - equal).sum())
    return TwoSampleTest(statistic, null, (1 + above) / (1 + len(null)))


def checked(rng: np.random.Generator | int, permutations: int) -> tuple[np.random.Generator, int]:
    """The arguments that all tests share: a generator, or the seed of one, and a count."""
    return validate.seeded(rng), validate.count("permutations", permutations, least=1)


def _statistic_of_pairs(k, n, first):
    """(2) for each column of first (N + M, P), which is 1 for the n rows that are taken as a."""
    m = len(k) - n
    all_a = k.sum(axis=1) @ first
    aa = (first * (k @ first)).sum(axis=0)
    ab = all_a - aa
    bb = k.sum() - aa - 2 * ab
    return aa / (n * (n - 1)) + bb / (m * (m - 1)) - 2 * ab / (n * m)


def _number(value):
    found = returned.number("statistic", value)
    if not np.isfinite(found):
        raise ValueError(f"statistic must return one finite number; got {found}")
    return found
