"""Where a search begins again: about the Gaussians that it found, in units of their scales.

    y = m + w s u,     u uniform on (-1, 1)^D,     s_i^2 = (A A^T)_ii,     w = 2, 4, ..., 64                       (1)

m and A are of a Gaussian N(m, A A^T) that was found. The first search begins in boxes about 0, and if the posterior is
far from 0 all of its paths come from one side and may end in one mode. The points (1) lie on all sides of that mode,
at any location and in any units. At each of them

    log p(y) - log sum_k exp(ELBO_k) q_k(y)                                                                        (2)

is near 0 if a found q_k describes p there, because exp(ELBO_k) q_k is nearly p around q_k. It is large in a mode that
was not found. For each width w the search begins at the point with the largest (2), and at a point taken at random,
because (2) is also large in the tails of a mode that is no Gaussian.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

WIDTHS = (2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
POINTS = 200  # of each width
LOG_2PI = np.log(2.0 * np.pi)


def starts_elsewhere(value: Callable, roughs: list, rng: Any) -> list[Any]:
    """Two points y (D,) for each width, none where log p is nowhere finite. value(y) -> (n,)."""
    starts = []
    for width in WIDTHS:
        y = _box(roughs, width, rng)
        surprise = value(y) - _described(roughs, y)
        good = np.flatnonzero(np.isfinite(surprise))
        if len(good):
            starts += [y[good[surprise[good].argmax()]], y[rng.choice(good)]]
    return starts


def _box(roughs, width, rng):
    """The points (1), about the Gaussians in turn."""
    means = np.array([rough.mean for rough in roughs])
    scales = np.array([np.linalg.norm(rough.A, axis=1) for rough in roughs])
    k = np.arange(POINTS) % len(roughs)
    return means[k] + width * scales[k] * rng.uniform(-1.0, 1.0, (POINTS, means.shape[1]))


def _described(roughs, y):
    """log sum_k exp(ELBO_k) q_k(y)."""
    return np.logaddexp.reduce([rough.elbo + _log_density(rough, y) for rough in roughs])


def _log_density(rough, y):
    z = np.linalg.solve(rough.A, (y - rough.mean).T)
    return -0.5 * (z**2).sum(axis=0) - np.linalg.slogdet(rough.A)[1] - 0.5 * len(z) * LOG_2PI
