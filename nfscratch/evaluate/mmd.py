"""MMD, maximum mean discrepancy (Gretton, Borgwardt, Rasch, Scholkopf and Smola 2012, JMLR 13:723-773).

    MMD^2(p, q) = E k(A, A') + E k(B, B') - 2 E k(A, B),    k(x, y) = exp(-|x - y|^2 / (2 h^2))                    (1)

A, A' ~ p and B, B' ~ q are independent. It is the squared distance of the mean features of p and q, and 0 only for
p = q. h, the bandwidth, has the units of the rows. Its default is the median distance of two rows of a and b together.

    unbiased   the means of (1) over pairs of two different rows (their lemma 6). Its mean is MMD^2, so it is negative
               about half the time where p = q.                                                                    (2)
    biased     the means over all pairs, rows with themselves too (their equation 5). It is never negative. A row with
               itself has k = 1, so for p = q its mean is (1 - E k(A, A')) (1 / N + 1 / M), not 0.                 (3)
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from scipy.spatial.distance import pdist

from nfscratch import validate
from nfscratch.evaluate.checked_draws import two_samples
from nfscratch.evaluate.pairs_of_rows import between, matrix, within
from nfscratch.evaluate.permutation_test import TwoSampleTest, checked, pairs_test
from nfscratch.excerpt import excerpt

SQUARED = "sqeuclidean"
ROWS = 2000  # whose distances the median is taken of
SMALLEST, LARGEST = 1e-150, 1e150


def mmd(a: Any, b: Any, *, bandwidth: float | None = None, unbiased: bool = True) -> float:
    """The estimate (2) of MMD^2, or (3) with unbiased=False, of a (N, D) and b (M, D); without units, at most 2.

    bandwidth: h; default `median_distance`. Memory is bounded, time grows as (N + M)^2 D.
    """
    a, b = two_samples(a, b, least=2 if validate.flag("unbiased", unbiased) else 1)
    k = partial(_gaussian, _bandwidth(bandwidth, a, b))
    own = within if unbiased else lambda rows, *options: between(rows, rows, *options)
    return own(a, k, SQUARED) + own(b, k, SQUARED) - 2 * between(a, b, k, SQUARED)


def mmd_test(
    a: Any, b: Any, rng: np.random.Generator, *, permutations: int = 200, bandwidth: float | None = None
) -> TwoSampleTest:
    """Whether the laws of a (N, D) and b (M, D) differ: (2) beside its values for shuffled rows.

    ValueError: where a and b have more than 10,000 rows together, because all distances are kept.
    """
    rng, permutations = checked(rng, permutations)
    a, b = two_samples(a, b, least=2)
    distances = matrix("mmd_test", a, b, SQUARED)
    k = _gaussian(_bandwidth(bandwidth, a, b), distances)
    np.fill_diagonal(k, 0.0)
    return pairs_test(k, len(a), rng, permutations)


def median_distance(a: Any, b: Any) -> float:
    """The median distance of two rows of a (N, D) and b (M, D) together; of 2,000 of them, evenly spaced, where more.

    ValueError: where it is 0, as it is where more than half of all pairs are equal.
    """
    pooled = np.concatenate(two_samples(a, b))
    some = pooled[np.linspace(0, len(pooled) - 1, min(len(pooled), ROWS)).astype(int)]
    median = float(np.median(pdist(some)))
    if median == 0.0:
        raise ValueError(
            "bandwidth must be given, such as 1.0, where the median distance of the rows of a and b is 0: more than "
            "half of the pairs are equal"
        )
    return median


def _bandwidth(given, a, b):
    if given is None:
        return median_distance(a, b)
    validate.positive("bandwidth", given)
    if given < SMALLEST:
        raise ValueError(f"bandwidth must be at least {SMALLEST}, so that its square is not 0; got {excerpt(given)}")
    if given > LARGEST:
        raise ValueError(f"bandwidth must be at most {LARGEST}, so that its square is finite; got {excerpt(given)}")
    return float(given)


def _gaussian(h, squared):
    """k of (1), in the place of the squared distances."""
    squared *= -0.5 / h**2
    return np.exp(squared, out=squared)
