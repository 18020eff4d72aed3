"""N: does a density integrate to one? The trapezoid rule in one or two dimensions, on grids refined until two agree.

For a smooth density that vanishes at the edge of the box the trapezoid rule converges faster than any power of the
spacing, once the spacing resolves the narrowest feature; before that it is anywhere. So a value counts only when a
finer grid gives it again; otherwise the finding is "inconclusive", which is not a pass.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as onp

from nfscratch import backend
from nfscratch.check.finding import Finding


def integrates_to_one(
    log_prob: Callable[[Any], Any], low: Any, high: Any, tolerance: float = 1e-3, sizes: Any = (201, 401, 801, 1601)
) -> Finding:
    """The integral of exp(log_prob(x)), x (N, D), over the box [low, high] of D = 1 or 2 sides.

    The box must hold all of the mass but `tolerance`: for a flow, `image_box`.
    """
    low, high = (onp.atleast_1d(onp.asarray(side, dtype=onp.float64)) for side in (low, high))
    if len(low) not in (1, 2):
        raise ValueError(f"integrates_to_one works on 1 or 2 variables; got {len(low)}")
    values: list[float] = []
    for n in sizes:
        values.append(integral(log_prob, low, high, n))
        if len(values) > 1 and abs(values[-1] - values[-2]) < tolerance / 2:
            what = f"integral of the density, {n} points a side"
            return Finding("N", what, abs(values[-1] - 1), tolerance, f"integral {values[-1]:.4f}")
    shown = ", ".join(f"{v:.4f}" for v in values)
    return Finding("N", "integral of the density: inconclusive", float("nan"), tolerance, f"grids gave {shown}")


def integral(log_prob: Callable[[Any], Any], low: Any, high: Any, n: int) -> float:
    """The trapezoid rule on n points a side."""
    axes = [onp.linspace(a, b, n) for a, b in zip(low, high, strict=True)]
    points = onp.stack([g.ravel() for g in onp.meshgrid(*axes, indexing="ij")], axis=1)
    chunks = [points[i : i + 40_000] for i in range(0, len(points), 40_000)]
    density = onp.exp(onp.concatenate([backend.to_numpy(log_prob(chunk)) for chunk in chunks]))
    density = density.astype(onp.float64).reshape([n] * len(axes))
    for axis in reversed(axes):
        density = onp.trapezoid(density, axis, axis=-1)
    return float(density)


def image_box(forward: Callable[[Any], Any], dim: int, radius: float = 6.0, n: int = 61) -> tuple[Any, Any]:
    """Corners of the box around forward(z) for z on a grid in [-radius, radius]^dim: where to integrate a flow."""
    grid = onp.meshgrid(*[onp.linspace(-radius, radius, n)] * dim, indexing="ij")
    x = backend.to_numpy(forward(onp.stack([g.ravel() for g in grid], axis=1)))
    return x.min(axis=0), x.max(axis=0)
