"""log det (I + J) for a contraction J, from the whole of J: exactly, and by its power series.

    log det (I + J) = sum_{k>=1} (-1)^{k+1} tr(J^k) / k                   converges where |J| < 1             (1)
    d log det (I + J) = tr((I + J)^-1 dJ),   (I + J)^-1 = sum_{k>=0} (-J)^k                                   (2)

n terms of (1) are biased: what is left out is at most D sum_{k>n} L^k / k, with L = |J| (Behrmann et al. 2019,
arXiv:1811.00995, theorem 3). ops/roulette.py estimates (1) without this bias, and without building J.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd.numpy as np

from nfscratch.ops.identity import identity


def log_det_exact(J: Any) -> Any:
    """log|det (I + J)| for every row: J (N, D, D) -> (N,)."""
    A = J + identity(J.shape[2], J)
    return np.log(np.abs(A[:, 0, 0])) if A.shape[2] == 1 else np.linalg.slogdet(A)[1]


def log_det_exact_vjp(J: Any) -> tuple[Any, Callable]:
    """The same, and back(g) -> g_J = g (I + J)^-T."""
    return log_det_exact(J), lambda g: g[:, None, None] * np.swapaxes(np.linalg.inv(J + identity(J.shape[2], J)), 1, 2)


def log_det_series(J: Any, terms: int) -> Any:
    """The first `terms` of (1), with exact traces."""
    power, total = J, np.trace(J, axis1=1, axis2=2)
    for k in range(2, terms + 1):
        power = np.matmul(power, J)
        total = total - (-1) ** k / k * np.trace(power, axis1=1, axis2=2)
    return total


def log_det_series_vjp(J: Any, terms: int) -> tuple[Any, Callable]:
    """The same, and back(g) -> g_J = g sum_{k < terms} (-J^T)^k."""

    def back(g):
        power = total = np.zeros_like(J) + identity(J.shape[2], J)
        for _ in range(terms - 1):
            power = -np.matmul(power, J)
            total = total + power
        return g[:, None, None] * np.swapaxes(total, 1, 2)

    return log_det_series(J, terms), back
