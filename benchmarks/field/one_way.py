"""One way: a map whose inverse the library does not give. It is searched for, by Newton's method on the other one.

The searched direction says minus the log_det of the given one: the audit then compares the given one with a numeric
Jacobian, and sees whether two points go to one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.optimize import root

from nfscratch.check.adapters.adapt import Adapted
from nfscratch.ops.roots import InversionError

TOLERANCE = {"float64": 1e-10, "float32": 1e-5}


def searched(foreign: Adapted) -> Adapted:
    """The map with the direction that raises NotImplementedError, or any error, replaced by a search."""
    if not works(foreign.inverse, foreign):
        return replace(foreign, inverse=by_search(foreign.forward), accuracy=TOLERANCE[foreign.dtype])
    return replace(foreign, forward=by_search(foreign.inverse), accuracy=TOLERANCE[foreign.dtype])


def on_host(f: Callable) -> Callable:
    """f with NumPy arrays, whatever arrays it returns."""

    def call(a):
        return tuple(np.asarray(b.detach() if hasattr(b, "detach") else b) for b in f(a))

    return call


def works(f: Callable, foreign: Adapted) -> bool:
    try:
        f(np.full((2, *(foreign.shape or (3,))), 0.1, dtype=foreign.dtype))
    except Exception:  # of any kind
        return False
    return True


def by_search(f: Callable) -> Callable:
    """The inverse of f, row by row."""
    f = on_host(f)

    def inverse(x: Any) -> tuple[Any, Any]:
        z = np.stack([_solve(f, row) for row in x]).astype(x.dtype) if len(x) else x.copy()
        return z, -np.asarray(f(z)[1])

    return inverse


def _solve(f, x):
    def off(z):
        return np.asarray(f(z[None].astype(x.dtype))[0], dtype="float64")[0] - x

    close = 1e-9 if x.dtype == np.float64 else 1e-4
    for start in (x, np.zeros_like(x), 0.5 * x):
        found = root(off, start.astype("float64"), tol=1e-13 if x.dtype == np.float64 else 1e-6)
        if np.abs(off(found.x)).max() <= close * max(1.0, float(np.abs(x).max())):
            return found.x
    raise InversionError("the search finds no z")
