"""Softmax in whole numbers: logits become cumulative counts that are the same wherever they are computed.

    d_k = max_j l_j - l_k to the nearest 2^-10,    w_k = round(2^30 e^-d_k), from a table                (1)
    c_k = k + floor((T - K) (w_0 + ... + w_{k-1}) / (w_0 + ... + w_{K-1})),   T = 2^24                   (2)

c_K = T exactly, and the k in (2) gives every level a count of at least 1: no level is impossible, and the most that
one costs is 24 bits. Rounding d by at most 2^-11 changes the expected length by less than 10^-6 bits a symbol.
"""

from __future__ import annotations

import numpy as onp

TOTAL = 2**24  # T
STEPS = 2**10  # of d in one nat
ONE = 2**30  # the weight of the likeliest level
WEIGHTS = onp.rint(ONE * onp.exp(-onp.arange(22 * STEPS) / STEPS)).astype(onp.int64)
MOST_LEVELS = 256  # 2^8 levels times 2^30 times 2^24 stays below 2^63


def counts_of(logits: onp.ndarray, unit: float) -> onp.ndarray:
    """Whole logits (K, N) in units of 1 / `unit`, a power of two -> cumulative counts (N, K + 1)."""
    levels = len(logits)
    steps = onp.rint((logits.max(axis=0) - logits) * (STEPS / unit))
    weights = WEIGHTS[onp.minimum(steps, len(WEIGHTS) - 1).astype(onp.int64)]
    below = onp.cumsum(weights, axis=0)
    counts = onp.zeros((logits.shape[1], levels + 1), dtype=onp.int64)
    counts[:, 1:] = (onp.arange(1, levels + 1)[:, None] + below * (TOTAL - levels) // below[-1]).T  # (2)
    return counts
