"""Jitter: NumPy's elementary functions with another last bit, as another processor's libm has.

It comes before any import of what it is to change. Equal arguments still give equal results.
"""

from __future__ import annotations

import numpy as onp

FUNCTIONS = (
    "exp", "expm1", "log", "log1p", "tanh", "sinh", "cosh", "arctanh", "arcsinh", "sin", "cos", "logaddexp",
)  # fmt: skip


def install() -> None:
    for name in FUNCTIONS:
        setattr(onp, name, jittered(getattr(onp, name)))


def jittered(f):
    def g(*arguments, out=None, **options):
        result = off_by_a_bit(f(*arguments, **options))
        if out is None:
            return result
        out[...] = result
        return out

    for name in ("reduce", "accumulate", "outer", "at", "reduceat"):
        setattr(g, name, getattr(f, name))
    g.__name__ = f.__name__
    return of_numpy(g)


def of_numpy(f):
    """A function that the audit takes for one of NumPy's, and not for the user's own."""
    f.__code__ = f.__code__.replace(co_filename=onp.__file__)
    return f


@of_numpy
def off_by_a_bit(v):
    """Every second number becomes its neighbour; what every libm gives exactly stays."""
    if getattr(v, "dtype", None) not in (onp.float32, onp.float64):
        return v
    bits = onp.asarray(v).view(onp.int32 if v.dtype == onp.float32 else onp.int64)
    stays = (v == 0) | (v == 1) | ~onp.isfinite(v) | (bits >> 2 & 1 == 0)
    moved = onp.where(stays, v, onp.nextafter(v, v.dtype.type(2) * v))
    return moved if onp.ndim(v) else v.dtype.type(moved)
