"""What an evaluation is given, checked once and in float64 on the host: draws, two samples, one number for each row."""

from __future__ import annotations

from typing import Any

import numpy as np

from nfscratch import backend, validate
from nfscratch.array_kinds import listed_rows

LARGEST, SMALLEST = 1e150, 1e-150  # of a number, and of a spread, whose square float64 holds


def pairs(theta: Any, draws: Any) -> tuple[np.ndarray, np.ndarray]:
    """theta (N, D) and draws (N, L, D) as float64 arrays; N, L and D are 1 at least."""
    theta, draws = (_array(*each) for each in (("theta", theta), ("draws", draws)))
    if theta.ndim != 2 or 0 in theta.shape:
        raise ValueError(f"theta must have shape (N, D), one row for each simulation; got {theta.shape}")
    N, D = theta.shape
    if draws.ndim != 3 or draws.shape[::2] != (N, D) or draws.shape[1] == 0:
        raise ValueError(f"draws must have shape ({N}, L, {D}), L draws for each row of theta; got {draws.shape}")
    return theta, draws


def sample(name: str, x: Any, least: int = 1) -> np.ndarray:
    """`x` as a float64 array (N, D) with at least `least` rows."""
    x = _array(name, x)
    if x.ndim != 2 or x.shape[1] == 0 or len(x) < least:
        rows = f"{least} row{'s' if least > 1 else ''}"
        raise ValueError(f"{name} must have shape (N, D) with at least {rows}; got {x.shape}")
    return x


def two_samples(a: Any, b: Any, least: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """a (N, D) and b (M, D), with at least `least` rows each."""
    a, b = sample("a", a, least), sample("b", b, least)
    if a.shape[1] != b.shape[1]:
        raise ValueError(f"a and b must have equally many columns; got {a.shape} and {b.shape}")
    if max(np.abs(a).max(), np.abs(b).max()) > LARGEST:
        raise ValueError(f"a and b must be at most {LARGEST} in size, because they are squared")
    spread = float((np.maximum(a.max(axis=0), b.max(axis=0)) - np.minimum(a.min(axis=0), b.min(axis=0))).max())
    if 0 < spread < SMALLEST:
        raise ValueError(
            f"a and b must be all equal, or differ by {SMALLEST} or more, because differences are squared; got "
            f"{spread:.3g} at most: take other units"
        )
    return a, b


def numbers(name: str, x: Any, *, infinite: bool = False) -> np.ndarray:
    """`x` as a float64 array (N,), N at least 1. infinite: whether -inf and inf may stand in it; NaN never."""
    x = np.asarray(backend.to_numpy(validate.numeric(name, x)), dtype=np.float64)
    if x.ndim != 1 or len(x) == 0:
        raise ValueError(f"{name} must have one number for each row, shape (N,); got shape {x.shape}")
    if infinite:
        no_nan(name, x)
    else:
        validate.finite(name, x)
    return x


def no_nan(name: str, x: np.ndarray) -> None:
    """Refuse NaN in x (N, ...), by row number."""
    rows = np.flatnonzero(np.isnan(x).reshape(len(x), -1).any(axis=1))
    if len(rows):
        raise ValueError(f"{name} must be numbers, which may be infinite; got NaN in {listed_rows(rows)}")


def _array(name, x):
    x = np.asarray(backend.to_numpy(validate.numeric(name, x)), dtype=np.float64)
    if x.ndim:
        validate.finite(name, x)
    return x
