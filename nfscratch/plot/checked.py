"""Arguments of the pictures, checked before anything is drawn: a message names the argument and what came."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nfscratch import returned, validate
from nfscratch.array_kinds import refuse_masked
from nfscratch.backend import to_numpy
from nfscratch.excerpt import excerpt


def axis(ax: Any) -> None:
    """Refuse what is no matplotlib axis. The usual mistake is all axes of a figure."""
    if isinstance(ax, np.ndarray):
        raise TypeError(f"ax must be one matplotlib axis, such as axes[0]; got an array of shape {ax.shape}")
    if not hasattr(ax, "imshow") or not hasattr(ax, "transAxes"):
        raise TypeError(f"ax must be a matplotlib axis, such as nf.plot.subplots()[1]; got {type(ax).__name__}")


def function(name: str, f: Any) -> None:
    """Refuse what cannot be called."""
    if not callable(f):
        raise TypeError(f"{name} must be a function of points (N, 2); got {type(f).__name__}")


def box(limits: Any) -> tuple[float, float, float, float]:
    """(x1 low, x1 high, x2 low, x2 high) as four numbers."""
    numbers = np.asarray(limits, dtype=object).reshape(-1)
    if len(numbers) != 4 or not all(map(validate.is_finite, numbers)):
        raise ValueError(f"box must be four finite numbers, x1 low, x1 high, x2 low and x2 high; got {excerpt(limits)}")
    a, b, c, d = map(float, numbers)
    if not (a < b and c < d):
        raise ValueError(f"box must have low < high for both variables; got {excerpt(limits)}")
    return a, b, c, d


def limit(name: str, value: Any) -> None:
    """Refuse what is neither None nor a positive number."""
    if value is not None:
        validate.positive(name, value)


def points(name: str, x: Any, shape: tuple[int, ...] = (2,)) -> np.ndarray:
    """`x` as finite rows (N, *shape) on the host."""
    return validate.events(name, _host(name, x), shape, np.empty(0))


def matrix(name: str, J: Any) -> np.ndarray:
    """`J` as one matrix of finite numbers on the host."""
    J = _host(name, J)
    if J.ndim != 2 or J.size == 0:
        hint = f"; for the first of several pass {name}[0]" if J.ndim == 3 else ""
        raise ValueError(f"{name} must have shape (D, D); got {J.shape}{hint}")
    validate.finite(name, J)
    return J


def values_at(name: str, f: Callable[[Any], Any], x: np.ndarray, event: tuple[int, ...] = ()) -> np.ndarray:
    """f(x) on the host, one value of shape `event` for each row of x."""
    values = returned.array(name, f(x)).astype(float)
    if values.shape != (len(x), *event):
        raise ValueError(f"{name} must return shape {_n(event)} for points (N, 2); got {values.shape} for N = {len(x)}")
    return values


def _n(event):
    return f"({', '.join(['N', *map(str, event)])}{'' if event else ','})"


def _host(name, x):
    """x as an array of real numbers on the host."""
    refuse_masked(name, x)
    x = np.asarray(to_numpy(x))
    if x.dtype.kind not in "biuf":
        raise TypeError(f"{name} must be an array of real numbers; got dtype {x.dtype}")
    return x
