"""Energy distance (Szekely and Rizzo 2013, doi:10.1016/j.jspi.2013.03.018).

    E(p, q) = 2 E|A - B| - E|A - A'| - E|B - B'|                                                                   (1)

A, A' ~ p and B, B' ~ q are independent, |.| is Euclid's distance, and p and q have means. It is at least 0, and 0 only
for p = q. It needs no bandwidth, and it has the units of the rows. In one variable it is 2 int (F - G)^2 dx, F and G
the distribution functions. It is MMD^2 with the kernel -|x - y|.

The estimate takes means over pairs of two different rows, so its mean is (1), and it is negative about half the time
where p = q. (The V-statistic counts a row with itself too: its mean is too large by E|A - A'| / N + E|B - B'| / M.)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nfscratch.evaluate.checked_draws import two_samples
from nfscratch.evaluate.pairs_of_rows import between, matrix, within
from nfscratch.evaluate.permutation_test import TwoSampleTest, checked, pairs_test

EUCLID = "euclidean"


def energy_distance(a: Any, b: Any) -> float:
    """The estimate of (1) for a (N, D) and b (M, D), in the units of the rows.

    Memory is bounded, time grows as (N + M)^2 D. Scale the columns first where they have different units.
    """
    a, b = two_samples(a, b, least=2)
    return 2 * between(a, b, _itself, EUCLID) - within(a, _itself, EUCLID) - within(b, _itself, EUCLID)


def energy_test(a: Any, b: Any, rng: np.random.Generator, *, permutations: int = 200) -> TwoSampleTest:
    """Whether the laws of a (N, D) and b (M, D) differ: the energy distance beside its values for shuffled rows.

    ValueError: where a and b have more than 10,000 rows together, because all distances are kept.
    """
    rng, permutations = checked(rng, permutations)
    a, b = two_samples(a, b, least=2)
    k = matrix("energy_test", a, b, EUCLID)
    np.negative(k, out=k)
    return pairs_test(k, len(a), rng, permutations)


def _itself(distance):
    return distance
