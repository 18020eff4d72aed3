"""Pairings of noise with data for flow matching: which z_0 goes with which x_1.

    independent    as drawn
    optimal        the permutation with the least sum of |x_1 - z_0|^2 in the batch    (Pooladian et al. 2023,
                   arXiv:2304.14772; Tong et al. 2024, arXiv:2302.00482)

Both leave the noise and the data as they are, so both lead from the base to the data. With optimal pairs the straight
lines cross less: the regression has less noise, and the field's own paths are straighter.
The least sum is found in groups of GROUP rows, because the time for it grows with the cube of their number.
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch import backend, validate

PAIRINGS = ("independent", "optimal")
GROUP = 64


def paired(z: Any, x: Any, pairing: str) -> Any:
    """The rows of z (N, D), in the order in which they go with those of x (N, D)."""
    validate.choice("pairing", pairing, PAIRINGS)
    if pairing == "independent":
        return z
    order = onp.concatenate([onp.empty(0, int), *_orders(backend.to_numpy(z), backend.to_numpy(x))])
    return z.T[:, backend.asarray(order, dtype=int, like=z)].T  # (batch-last, as it was)


def _orders(z, x):
    from scipy.optimize import linear_sum_assignment

    for start in range(0, len(x), GROUP):
        rows = slice(start, start + GROUP)
        yield start + linear_sum_assignment(-x[rows] @ z[rows].T)[1]  # |x|^2 and |z|^2 are the same in every order
