"""One way: a map whose inverse the library does not give. It is searched for, by Newton's method on the other one.

The searched direction says minus the log_det of the given one: the audit then compares the given one with a numeric
Jacobian, and sees whether two points go to one. Where the search finds no z (the map is flat, or steep, or not onto), R
cannot be judged: then `remembering` starts the search at the nearest point that the given direction was asked for, so
that J still can.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from nfscratch.check.adapters.adapt import Adapted
from nfscratch.ops.roots import InversionError

TOLERANCE = {"float64": 1e-10, "float32": 1e-5}
NO_Z = "the search finds no z"
KEPT, BATCH = 30, 100  # batches to remember, and their size: the points themselves, not those of finite differences
STEP = {"float64": 1e-6, "float32": 5e-3}  # of the finite differences in Newton's method


def searched(foreign: Adapted, remembers: bool = False) -> Adapted:
    """The map with the direction that raises NotImplementedError, or any error, replaced by a search."""
    given, missing = ("forward", "inverse") if not works(foreign.inverse, foreign) else ("inverse", "forward")
    f = getattr(foreign, given)
    f, search = remembering(f) if remembers else (f, by_search(f))
    return replace(foreign, **{given: f, missing: search}, accuracy=TOLERANCE[foreign.dtype])


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


def by_search(f: Callable, start: Callable | None = None) -> Callable:
    """The inverse of f, all rows at once. start(x): where the search begins, beside x, 0 and asinh(x)."""
    f = on_host(f)

    def inverse(x: Any) -> tuple[Any, Any]:
        x, dtype = np.asarray(x, dtype="float64"), x.dtype
        given = lambda z: np.asarray(f(z.astype(dtype))[0], dtype="float64")  # noqa: E731
        begin = _nearest(given, x, [x, np.zeros_like(x), np.arcsinh(x)] + ([] if start is None else [start(x)]))
        z = _newton(given, x, begin, STEP[str(dtype)]).astype(dtype)
        close = 1e-9 if dtype == np.float64 else 1e-4
        if not np.abs(given(z) - x).max() <= close * max(1.0, float(np.abs(x).max())):
            raise InversionError(NO_Z)
        return z, -np.asarray(f(z)[1])

    return inverse


def remembering(f: Callable) -> tuple[Callable, Callable]:
    """f, which keeps what it was asked and what it answered, and a search that starts at the nearest of these."""
    f, seen = on_host(f), deque(maxlen=KEPT)

    def kept(z):
        x, log_det = f(z)
        if len(z) <= BATCH:
            seen.append((np.array(z, dtype="float64"), np.array(x, dtype="float64")))
        return x, log_det

    def nearest(x):
        z, images = (np.concatenate([pair[k] for pair in seen]) if seen else x for k in (0, 1))
        images = np.where(np.isfinite(images), images, np.inf)
        return z[[int(np.argmin(np.abs(images - row).max(axis=1))) for row in x]]

    return kept, by_search(f, nearest)


def _nearest(f, x, starts):
    """Of several starts, for each row the one whose image is nearest to x."""
    off = np.stack([_distance(f(z), x) for z in starts])
    return np.stack(starts)[np.argmin(off, axis=0), np.arange(len(x))]


def _distance(y, x):
    return np.nan_to_num(np.abs(y - x).max(axis=-1), nan=np.inf, posinf=np.inf)


def _newton(f, x, z, step, rounds=80):
    """f(z) = x by Newton's method from z, each row with the longest step of 1, 1/2, ... that brings it nearer."""
    z, n, dim = z.copy(), len(x), x.shape[1]
    off = _distance(f(z), x)
    for _ in range(rounds):
        h = step * np.maximum(1.0, np.abs(z).max(axis=1))
        along = np.eye(dim)[:, None, :] * h[:, None]
        both = f(np.concatenate([z + along, z - along]).reshape(-1, dim)).reshape(2, dim, n, dim)
        J = np.nan_to_num(np.moveaxis((both[0] - both[1]) / (2 * h[:, None]), 0, 2), posinf=0.0, neginf=0.0)
        go = (np.linalg.pinv(J) @ np.nan_to_num(x - f(z))[:, :, None])[:, :, 0]
        tries = z + 0.5 ** np.arange(12)[:, None, None] * go
        found = _distance(f(tries.reshape(-1, dim)).reshape(12, n, dim), x)
        best = np.argmin(found, axis=0)
        nearer = found[best, np.arange(n)] < off
        z = np.where(nearer[:, None], tries[best, np.arange(n)], z)
        off = np.where(nearer, found[best, np.arange(n)], off)
        if not nearer.any():
            break
    return z
