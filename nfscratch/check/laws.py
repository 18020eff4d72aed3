"""The laws of an invertible map: S, R, X and J, for given parameters at given points.

Tolerances. A round trip loses eps times the condition number of the Jacobian, per layer, on the scale of the largest
number on the way: k eps (cond J + depth) max(1, |x|), so that a constant one is either blind or wrong. Finite
differences of fourth order are good to about 1e-10 of the largest entry; 1e-6 leaves room for curvature.
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch import backend
from nfscratch.bijection import Bijection
from nfscratch.chain import Chain
from nfscratch.check.finding import Finding
from nfscratch.check.numeric import finite_difference_jacobian


def shapes_and_dtypes(bijection: Bijection, params: Any, z: Any, context: Any = None) -> Finding:
    """S: both directions give (N, *event) and (N,), in z's dtype, finite. The error counts what is wrong."""
    x, log_det = bijection.forward(params, z, context)
    back, log_det_back = bijection.inverse(params, x, context)
    n = (len(z),)
    wanted = [
        (x, n + tuple(bijection.out_shape)),
        (log_det, n),
        (back, n + tuple(bijection.in_shape)),
        (log_det_back, n),
    ]
    wrong = [a for a, shape in wanted if onp.shape(a) != shape or a.dtype != z.dtype or not onp.isfinite(a).all()]
    at = "; ".join(f"got {onp.shape(a)} {getattr(a, 'dtype', type(a).__name__)}" for a in wrong)
    return Finding("S", "shapes, dtype, finiteness", float(len(wrong)), 0.0, at)


def round_trip(bijection: Bijection, params: Any, z: Any, context: Any = None) -> Finding:
    """R: inverse(forward(z)) = z, and forward of that = x, on the scale of the points' own conditioning."""
    x, _ = bijection.forward(params, z, context)
    back, _ = bijection.inverse(params, x, context)
    again, _ = bijection.forward(params, back, context)
    error = onp.maximum(_per_row(back - z), _per_row(again - x))
    scale = _round_trip_scale(bijection, params, z, x, context)
    worst = int(onp.argmax(error / scale))
    return Finding("R", "inverse(forward(z)) against z", float(error[worst]), float(scale[worst]), point("z", z, worst))


def _round_trip_scale(bijection, params, z, x, context):
    J = onp.asarray(backend.to_numpy(bijection.jacobian(params, z, context)), dtype=onp.float64)
    depth = len(bijection.layers) if isinstance(bijection, Chain) else 1
    size = onp.maximum(1.0, onp.maximum(_per_row(x), _per_row(z)))
    eps = float(onp.finfo(z.dtype).eps)
    # An intermediate value may be larger than both ends: each layer's own growth is in cond(J) at most squared.
    return 16 * eps * (onp.linalg.cond(J) * depth + depth) * size


def log_dets_cancel(bijection: Bijection, params: Any, z: Any, context: Any = None) -> Finding:
    """X: the log-dets of the two directions, at the same pair of points, sum to zero."""
    x, forward = bijection.forward(params, z, context)
    _, inverse = bijection.inverse(params, x, context)
    forward, inverse = (onp.asarray(backend.to_numpy(a), dtype=onp.float64) for a in (forward, inverse))
    error = onp.abs(forward + inverse)
    worst = int(onp.argmax(error))
    tolerance = _round_trip_scale(bijection, params, z, x, context)[worst] * 4 + 1e3 * float(onp.finfo(z.dtype).eps)
    return Finding(
        "X", "log_det forward + log_det inverse", float(error[worst]), float(tolerance), point("z", z, worst)
    )


def log_det_is_jacobian(
    bijection: Bijection, params: Any, z: Any, context: Any = None, tolerance: float = 1e-6
) -> list[Finding]:
    """J: log_det against log|det| of a finite-difference Jacobian, forward at z and inverse at x. float64 only."""
    x, forward = bijection.forward(params, z, context)
    _, inverse = bijection.inverse(params, x, context)
    return [
        _against_numeric("forward", lambda a: bijection.forward(params, a, context)[0], "z", z, forward, tolerance),
        _against_numeric("inverse", lambda a: bijection.inverse(params, a, context)[0], "x", x, inverse, tolerance),
    ]


def _against_numeric(direction, f, letter, at, log_det, tolerance):
    J = finite_difference_jacobian(lambda a: f(backend.asarray(a, dtype=at.dtype, like=at)), at)
    error = onp.abs(onp.linalg.slogdet(J)[1] - backend.to_numpy(log_det))
    worst = int(onp.argmax(onp.where(onp.isnan(error), onp.inf, error)))
    what = f"log_det {direction} against finite differences"
    return Finding("J", what, float(error[worst]), tolerance, point(letter, at, worst))


def _per_row(a):
    """The largest |entry| of each row, on the host."""
    return onp.abs(onp.asarray(backend.to_numpy(a), dtype=onp.float64)).reshape(len(a), -1).max(axis=1)


def point(letter: str, z: Any, row: int) -> str:
    """ "z = [0.31, -1.20]" """
    values = onp.asarray(backend.to_numpy(z))[row].ravel()
    shown = ", ".join(f"{v:.2f}" for v in values[:6]) + (", ..." if values.size > 6 else "")
    return f"{letter} = [{shown}]"
