"""One way: a map whose inverse the library does not give. It is searched for, by Newton's method on the other one.

The searched direction says minus the log_det of the given one: the audit then compares the given one with a numeric
Jacobian, and sees whether two points go to one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

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
    """The inverse of f, all rows at once."""
    f = on_host(f)

    def inverse(x: Any) -> tuple[Any, Any]:
        z = _newton(lambda z: np.asarray(f(z.astype(x.dtype))[0], dtype="float64"), np.asarray(x, dtype="float64"))
        close = 1e-9 if x.dtype == np.float64 else 1e-4
        if np.abs(f(z.astype(x.dtype))[0] - x).max() > close * max(1.0, float(np.abs(x).max())):
            raise InversionError("the search finds no z")
        z = z.astype(x.dtype)
        return z, -np.asarray(f(z)[1])

    return inverse


def _newton(f, x, steps=80):
    """f(z) = x by Newton's method from z = x, each row with the longest step of 1, 1/2, ... that brings it nearer."""
    z, n, dim = x.copy(), len(x), x.shape[1]
    off = np.abs(f(z) - x).max(axis=1)
    for _ in range(steps):
        h = 1e-6 * np.maximum(1.0, np.abs(z).max(axis=1))
        along = np.eye(dim)[:, None, :] * h[:, None]
        both = f(np.concatenate([z + along, z - along]).reshape(-1, dim)).reshape(2, dim, n, dim)
        J = np.moveaxis((both[0] - both[1]) / (2 * h[:, None]), 0, 2)
        step = (np.linalg.pinv(J) @ (x - f(z))[:, :, None])[:, :, 0]
        tries = z + 0.5 ** np.arange(12)[:, None, None] * step
        found = np.abs(f(tries.reshape(-1, dim)).reshape(12, n, dim) - x).max(axis=2)
        best = np.argmin(found, axis=0)
        nearer = found[best, np.arange(n)] < off
        z = np.where(nearer[:, None], tries[best, np.arange(n)], z)
        off = np.where(nearer, found[best, np.arange(n)], off)
        if not nearer.any():
            break
    return z
