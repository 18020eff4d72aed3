"""AUROC, the area under the receiver operating characteristic: how well a score tells outside rows from inside rows.

    A = P(score outside > score inside) + P(equal) / 2                                                             (1)

1: every outside row scores higher; .5: the score says nothing; below .5: it is higher *inside*. The estimate is the
mean over all N M pairs, ties counted one half (Mann and Whitney's U). Its error is DeLong's (DeLong, DeLong and
Clarke-Pearson 1988, doi:10.2307/2531595): v_j, the share of inside rows below outside row j, and u_i, the share of
outside rows above inside row i, both have the mean A, and

    error^2 = var(v) / M + var(u) / N                                                                              (2)
"""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from nfscratch.evaluate.checked_draws import numbers
from nfscratch.evaluate.estimate import Estimate


def auroc(inside: Any, outside: Any) -> Estimate:
    """(1) and (2) of the scores of inside rows (N,) and outside rows (M,), such as -log p.

    A score may be infinite, as -log p is where p is 0. The error is inf where N or M is 1, and 0 where the estimate is
    0 or 1: then A lies within about 3 / min(N, M) of it, at 95 %.
    """
    inside, outside = numbers("inside", inside, infinite=True), numbers("outside", outside, infinite=True)
    v, u = _share_below(outside, inside), 1.0 - _share_below(inside, outside)
    return Estimate(float(v.mean()), float((_variance(v) + _variance(u)) ** 0.5))


def _share_below(x, others):
    """For each x the share of the others below it, equal ones counted one half."""
    others = np.sort(others)
    return (np.searchsorted(others, x, "left") + np.searchsorted(others, x, "right")) / (2 * len(others))


def _variance(shares):
    return shares.var(ddof=1) / len(shares) if len(shares) > 1 else inf
