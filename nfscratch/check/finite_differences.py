"""Finite differences: Jacobians that the map under test had no part in; and wild parameters to take them at.

J_ij  =  [8 (f_i(z + h e_j) - f_i(z - h e_j)) - (f_i(z + 2h e_j) - f_i(z - 2h e_j))] / 12h  +  O(h^4)

A long step is wrong where the map bends or has a kink (ReLU), a short one where it rounds. So several steps are taken,
each in units of max(1, |z_j|)^1/2. For every column of every row the two neighbouring steps that agree best decide,
with what rounding costs them added to their difference; and a check allows an error as large as that:

    error_ij = |J_ij(h) - J_ij(h')| + eps max|f| / h' + jump_ij + doubt_ij
    jump_ij  = |f_i(z + h' e_j) - 2 f_i(z) + f_i(z - h' e_j)| / h',   where it does not shrink with h'
    doubt_ij = by how much a shorter step says otherwise, beyond what rounding costs it

The jump is the difference of the slopes to the right and to the left. For a smooth map it shrinks like h'. At a kink
much nearer than h' it does not shrink, and then two long steps agree with each other on the mean of both slopes, which
is the derivative of nothing. Two steps that are longer than a wave agree on its mean slope: the shorter ones see it.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as onp

from nfscratch import backend, trees, validate
from nfscratch.bijections.contract import Bijection
from nfscratch.check.given import real_points
from nfscratch.check.rows import flat

ROUNDINGS = 16.0  # of a map, in units of eps max|f|: a network of a few products
SMOOTH = 1e-5  # of a slope: two short steps agree on it
QUADRATURES_HOLD = 10.0
STEPS = (1e-3, 1e-4, 1e-5, 1e-6)
STEPS_FLOAT32 = (1e-1, 3e-2, 1e-2, 3e-3)  # for a map that computes in float32: shorter ones only round


def finite_difference_jacobian(f: Callable[[Any], Any], z: Any, steps: Any = STEPS) -> onp.ndarray:
    """dx/dz of a batched map f: (N, *event) -> (N, *event'), in float64 on the host: (N, D_out, D_in)."""
    return numeric_jacobian(f, real_points("z", z), steps)[0]


def numeric_jacobian(
    f: Callable[[Any], Any], z: Any, steps: Any = STEPS, eps: float = 2.3e-16, stacked: bool = False
) -> Any:
    """The Jacobian, and the error of every entry as far as two steps can tell: twice (N, D_out, D_in).

    stacked: f takes any number of rows, and is called once for each step with all the points that it needs.
    """
    z = onp.asarray(backend.to_numpy(z), dtype=onp.float64)
    middle = onp.asarray(backend.to_numpy(f(z)), dtype=onp.float64)
    tries, sizes, jumps = zip(*(_central_differences(f, z, middle, step, stacked) for step in steps), strict=True)
    tries, jumps = onp.stack(tries), onp.stack(jumps)  # (S, N, D_out, D_in)
    between = onp.abs(onp.diff(tries, axis=0))
    disagreement = onp.max(between, axis=2, initial=0.0)  # (S - 1, N, D_in)
    noise = eps * sizes[0][None, :, None] / onp.asarray(steps)[1:, None, None]  # of the shorter one of two steps
    best = onp.argmin(onp.where(onp.isnan(disagreement), onp.inf, disagreement + noise), axis=0)[None, :, None, :]
    J = onp.take_along_axis(tries, best + 1, axis=0)[0]
    rounding = eps * sizes[0][:, None, None] / onp.asarray(steps)[best + 1][0]
    long, short = (onp.take_along_axis(jumps, at, axis=0)[0] for at in (best, best + 1))
    jump = onp.where(short > 0.5 * long, short, 0.0)
    return J, onp.take_along_axis(between, best, axis=0)[0] + rounding + jump + _doubt(
        tries, J, best, sizes[0], steps, eps
    )


def sharper(z: Any, J: Any, error: Any, fine: Any, fine_error: Any) -> tuple[Any, Any]:
    """J at z and its error by long steps, with the rows of short steps in their place where the map proves smooth.

    A map with a stated accuracy need not jump in both directions: an inverse searches, and forward does not. A map that
    jumps has no slope over short steps, or another one for each of them; and a slope of 0 proves nothing. Far out a
    quadrature is not what its accuracy says.
    """
    size = onp.maximum(1.0, onp.abs(fine).max(axis=1, keepdims=True))
    agrees = (onp.abs(fine - J) <= error + fine_error).all(axis=(1, 2)) & (fine_error <= SMOOTH * size).all(axis=(1, 2))
    told = (onp.abs(fine).max(axis=1) > error.max(axis=1)).all(axis=1)
    near = onp.abs(flat(z)).max(axis=1) <= QUADRATURES_HOLD
    smooth = (agrees & told & near)[:, None, None]
    return onp.where(smooth, fine, J), onp.where(smooth, fine_error, error)


def _doubt(tries, J, best, size, steps, eps):
    """By how much the steps shorter than the best ones say otherwise, beyond what rounding costs them."""
    rounding = eps * size[:, None, None] / onp.asarray(steps)[:, None, None, None]  # (S, N, 1, 1)
    apart = onp.maximum(0.0, onp.abs(tries - J) - ROUNDINGS * rounding)
    shorter = onp.arange(len(steps))[:, None, None, None] > best + 1
    return onp.where(shorter, apart, 0.0).max(axis=0)


def _central_differences(f, z, middle, step, stacked):
    """J (N, D_out, D_in), the largest |f| of each row, and the difference of the slopes on both sides, shaped as J."""
    n, dim = len(z), prod(z.shape[1:])
    h = step * onp.maximum(1.0, onp.abs(z)).reshape(n, dim) ** 0.5
    along = onp.eye(dim)[:, None, :] * h  # (D, N, D): h_j in direction j
    points = (z.reshape(n, dim) + onp.array([1, -1, 2, -2])[:, None, None, None] * along).reshape(4 * dim, *z.shape)
    values = [f(points.reshape(-1, *z.shape[1:]))] if stacked else [f(point) for point in points]
    values = onp.concatenate([onp.asarray(backend.to_numpy(v), dtype=onp.float64) for v in values])
    values = values.reshape(4, dim, n, values.size // max(1, 4 * dim * n))
    near, far = values[0] - values[1], values[2] - values[3]  # (D, N, D_out)
    J = (8 * near - far) / (12 * h.T[:, :, None])
    jump = onp.abs(values[0] + values[1] - 2 * middle.reshape(n, -1) if n else near) / h.T[:, :, None]
    return onp.moveaxis(J, 0, 2), onp.abs(values).max(axis=(0, 1, 3), initial=0.0), onp.moveaxis(jump, 0, 2)


def random_params(
    bijection: Bijection, rng: onp.random.Generator | int, scale: float = 1.0, context: Any = None, x: Any = None
) -> Any:
    """Fresh parameters, moved by N(0, scale^2) in every number: a test near the identity hides mistakes.

    Weights of a network are moved by N(0, scale^2 / fan_in), so that a wide one is as wild as a narrow one. Then the
    map is updated once, with no rows.
    A Flow will do as well as a Bijection. rng: a generator, or the integer seed of one.
    """
    rng = validate.seeded(rng)
    validate.not_negative("scale", scale)
    return moved_params(bijection, bijection.init(rng, x, context), rng, scale, context)


def moved_params(made: Any, params: Any, rng: onp.random.Generator, scale: float = 1.0, context: Any = None) -> Any:
    """A copy of the parameters, moved as `random_params` moves fresh ones."""

    def moved(leaf):
        fan_in = leaf.shape[1] if leaf.ndim == 2 else 1
        draw = rng.normal(size=leaf.shape) * scale / fan_in**0.5
        return leaf + backend.asarray(draw, dtype=leaf.dtype, like=leaf)

    params = trees.map_leaves(moved, params, fixed=lambda leaf: leaf)
    if not getattr(made, "updates", False):
        return params
    # Stored leaves that belong to the weights (a power iteration's vectors) follow them; no row moves a statistic.
    none = backend.asarray(onp.zeros((0, *_data_shape(made))), like=trees.array_like(params))
    return made.update(params, none, None if context is None else context[:0])


def _data_shape(made):
    return made.out_shape if isinstance(made, Bijection) else made.shape
