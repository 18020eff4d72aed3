"""A mean and its standard error; two models on the same rows.

    mean = sum_n x_n / N,    error = sqrt(sum_n (x_n - mean)^2 / (N - 1)) / sqrt(N)                                (1)

Two models are scored on the same rows, and a row that is hard for one is hard for the other. Their difference row by
row, log p_a(x_n) - log p_b(x_n), varies much less than either of them, so its error is that of `paired`, not the error
of two independent means.
"""

from __future__ import annotations

from math import floor, inf, isfinite, log10
from typing import Any, NamedTuple

import numpy as np

from nfscratch.evaluate.checked_draws import LARGEST, numbers


class Estimate(NamedTuple):
    """A mean and its standard error. Prints as 1.23 ± .04; format(estimate, ".3f") takes the digits that are asked."""

    mean: float
    error: float

    def __str__(self) -> str:
        return format(self, f".{_decimals(self.error)}f")

    def __format__(self, spec: str) -> str:
        if not spec:
            return str(self)
        return f"{format(self.mean, spec)} ± {_without_zero(format(self.error, spec))}"


def mean_and_error(x: Any) -> Estimate:
    """(1) of x (N,), in its units. One number alone has the error inf."""
    x = numbers("x", x)
    size = float(np.abs(x).max()) if np.abs(x).max() > LARGEST else 1.0  # the square of a larger one is no number
    error = size * ((x / size).std(ddof=1) / len(x) ** 0.5) if len(x) > 1 else inf
    return Estimate(float(size * (x / size).mean()), float(error))


def paired(log_p_a: Any, log_p_b: Any) -> Estimate:
    """The mean of log_p_a - log_p_b (N,) in nats, two models on the same rows; above 0, a is the better one."""
    a, b = numbers("log_p_a", log_p_a), numbers("log_p_b", log_p_b)
    if len(a) != len(b):
        raise ValueError(f"log_p_a and log_p_b must be of the same rows; got {len(a)} and {len(b)} numbers")
    return mean_and_error(a - b)


def _decimals(error):
    """So many that the error has one digit, or two where the first is a 1."""
    if not (isfinite(error) and error > 0):
        return 4
    first = floor(log10(error))
    return max(0, -first + (error < 2 * 10.0**first))


def _without_zero(number):
    return number[1:] if number.startswith("0.") else number
