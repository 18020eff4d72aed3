"""Still: variables that never move in a map of several layers. A companion of T.

    moved_ij    whether x_i is ever anything but z_j, at any point of any draw

x_i that is z_j always is a dimension that no layer changes: half of them, where a permutation was forgotten; one, where
a layer forgets a column. Where the map is declared dense, or is a flow of this package, it is a mistake; of a user's
functions that declare nothing undeclared.py asks for more.
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.check.finding import Symptom
from nfscratch.check.rows import flat
from nfscratch.check.trial import Trial

FIXED_IN_PLACE = ("permutation", "identity")


def ever_moved(trials: list[Trial]) -> Any:
    """moved_ij: whether x_i is ever anything but z_j."""
    moved = False
    for trial in trials:
        x, z = flat(trial.x), flat(trial.z)
        near = 64 * trial.subject.eps * onp.maximum(1.0, onp.abs(z))
        moved = moved | (onp.abs(x[:, :, None] - z[:, None, :]) > near[:, None, :]).any(axis=0)
    return moved


def never_moved(moved: Any) -> dict[int, int]:
    """{i: j} with x_i = z_j always, from what ever_moved says."""
    still = onp.flatnonzero(~moved.all(axis=1))
    return {int(i): int(onp.argmin(moved[i])) for i in still}


def same_always(still: dict[int, int]) -> str:
    """ "x_0 is z_2, x_1 is z_0, always" """
    return ", ".join(f"x_{i} is z_{j}" for i, j in list(still.items())[:3]) + ", always"


def never_moves_wrongly(d):
    """A flow of several layers, or functions that are declared dense: x_i = z_j at every point of every draw."""
    layers = d.subject.layers()
    if all(layer.structure in FIXED_IN_PLACE for layer in layers) and (layers or d.subject.bijection is not None):
        return None
    still = never_moved(d.moved)
    if not still:
        return None
    i, j = next(iter(still.items()))
    symptom = Symptom.SKIPPED_COLUMN if len(still) == 1 and d.subject.dim > 2 else Symptom.NEVER_MOVES
    words = f"x_{i} is z_{j}, always: {len(still)} of {d.subject.dim} variables never move"
    return symptom, words, (i, j)
