"""Rows: one number for each row of a batch, or for each of a batch of matrices, on the host and in float64."""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch import backend


def flat(a: Any) -> Any:
    """(N, *event) as (N, D), on the host, in float64."""
    a = onp.asarray(backend.to_numpy(a), dtype=onp.float64)
    return a.reshape(len(a), -1) if a.size else a.reshape(len(a), 0)


def largest(a: Any) -> Any:
    """The largest |entry| of each row."""
    return onp.abs(flat(a)).max(axis=1, initial=0.0)


def apart(a: Any, b: Any) -> Any:
    """|a - b|; -inf is -inf: a density that is 0 twice."""
    with onp.errstate(all="ignore"):
        return onp.where((a == b) & onp.isinf(a), 0.0, onp.abs(a - b))


def finite_matrices(J: Any) -> Any:
    return onp.isfinite(J).all(axis=(1, 2))


def condition(J: Any) -> Any:
    """cond(J) for each row; infinite where there is no inverse, and where J is not finite."""
    return onp.linalg.cond(_or_zeros(J)) if J.size else onp.ones(len(J))


def inverse_norm(J: Any) -> Any:
    """|J^-1| for each row; infinite where there is none."""
    smallest = onp.linalg.svd(_or_zeros(J), compute_uv=False).min(axis=1, initial=onp.inf)
    with onp.errstate(all="ignore"):
        return onp.where(smallest > 0, 1.0 / smallest, onp.inf)


def _or_zeros(J):
    """Zeros, which have no inverse, where a matrix is not finite: LAPACK takes no such numbers."""
    return onp.where(finite_matrices(J)[:, None, None], J, 0.0)


def worst_row(error: Any, allowed: Any) -> int:
    """The row that is off by most of what it is allowed; NaN is worst, and what is not off at all is right."""
    with onp.errstate(all="ignore"):
        ratio = onp.where(error == 0, 0.0, error / allowed)
    return int(onp.argmax(onp.where(onp.isnan(error), onp.inf, ratio)))


def nearest(bad: Any, points: Any) -> int:
    """The bad row that is nearest to 0."""
    return int(onp.argmin(onp.where(bad, largest(points), onp.inf)))
