"""Frames: limits of an axis that one far row does not decide.

    [q, Q] = the 5 % and 95 % quantiles
    frame  = [q - a (Q - q), Q + a (Q - q)],    a = 1,    cut to the least and the largest value

A normal column is seen up to 4.9 standard deviations. Where 90 % of the values are one and the same, the quantiles
lie further out.
"""

from __future__ import annotations

import numpy as np

TAILS = (0.05, 0.01, 0.0)
REACH = 1.0  # a, beyond the quantiles
MARGIN = 0.04  # of the frame's width, on both sides


def around(*samples: np.ndarray) -> tuple[float, float]:
    """Limits (low, high), low < high, that show each of the samples (N,)."""
    ends = [_robust(values) for values in samples]
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    margin = MARGIN * (high - low) if high > low else 0.5 * abs(low) or 0.5
    return low - margin, high + margin


def _robust(values):
    for tail in TAILS:
        low, high = np.quantile(values, [tail, 1 - tail])
        if high > low:
            break
    reach = REACH * (high - low)
    return max(values.min(), low - reach), min(values.max(), high + reach)


def outside(x: np.ndarray, frames: list[tuple[float, float]]) -> int:
    """How many rows of x (N, K) lie outside the frame of a column."""
    low, high = np.transpose(frames)
    return int(((x < low) | (x > high)).any(axis=1).sum())
