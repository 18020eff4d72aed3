"""Numbers that the map under test had no part in: Jacobians by finite differences, and wild parameters.

J_ij  =  [8 (f_i(z + h e_j) - f_i(z - h e_j)) - (f_i(z + 2h e_j) - f_i(z - 2h e_j))] / 12h  +  O(h^4)
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as onp

from nfscratch import backend
from nfscratch import params as trees
from nfscratch.bijection import Bijection

STEPS = (1e-3, 1e-4, 1e-5, 1e-6)


def finite_difference_jacobian(f: Callable[[Any], Any], z: Any, steps: Any = STEPS) -> onp.ndarray:
    """dx/dz of a batched map f: (N, *event) -> (N, *event'), in float64 on the host: (N, D_out, D_in).

    A long step is wrong where the map bends or has a kink (ReLU), a short one where it rounds. So several are taken,
    each relative to max(1, |z_j|), and for every column of every row the two neighbours that agree best decide.
    """
    z = onp.asarray(backend.to_numpy(z), dtype=onp.float64)
    tries = onp.stack([_central_differences(f, z, step) for step in steps])  # (S, N, D_out, D_in)
    disagreement = onp.abs(onp.diff(tries, axis=0)).max(axis=2, initial=0.0)  # (S - 1, N, D_in)
    best = 1 + onp.argmin(onp.where(onp.isnan(disagreement), onp.inf, disagreement), axis=0)
    return onp.take_along_axis(tries, best[None, :, None, :], axis=0)[0]


def _central_differences(f, z, step):
    columns = []
    for j in onp.ndindex(*z.shape[1:]):
        entry = (slice(None), *j)
        h = onp.zeros_like(z)
        h[entry] = step * onp.maximum(1.0, onp.abs(z[entry]))
        near, far = (_difference(f, z, k * h) for k in (1, 2))
        columns.append((8 * near - far) / (12 * h[entry][:, None]))
    return onp.stack(columns, axis=2)


def _difference(f, z, h):
    up, down = (onp.asarray(backend.to_numpy(f(z + sign * h)), dtype=onp.float64) for sign in (1, -1))
    return (up - down).reshape(len(z), prod(up.shape[1:]))


def random_params(
    bijection: Bijection, rng: onp.random.Generator, scale: float = 1.0, context: Any = None, x: Any = None
) -> Any:
    """Fresh parameters, moved by N(0, scale^2) in every number: a test near the identity hides mistakes.

    Weights of a network are moved by N(0, scale^2 / fan_in), so that a wide one is as wild as a narrow one.
    """
    fresh = bijection.init(rng, x, context)

    def moved(leaf):
        fan_in = leaf.shape[1] if leaf.ndim == 2 and leaf.shape[1] > 0 else 1
        draw = rng.normal(size=leaf.shape) * scale / fan_in**0.5
        return leaf + backend.asarray(draw, dtype=leaf.dtype, like=leaf)

    return trees.map_leaves(moved, fresh, fixed=lambda leaf: leaf)
