"""Still: variables that never move in a map of several layers. A companion of T.

    moved_ij    whether x_i is ever anything but z_j, at any point of any draw

x_i that is z_j always is a dimension that no layer changes: half of them, where a permutation was forgotten; one, where
a layer forgets a column. Permutations that are drawn carry one past every coupling by chance: that is told, and no
mistake.
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


def carried_past(d):
    """{i: j} with x_i = z_j always, where that is less than a half, and they have changed their places.

    Permutations that are drawn do so by chance. A column that a layer forgets stays in its place.
    """
    still = never_moved(d.moved)
    few = 2 * len(still) < d.subject.dim - 1
    return still if few and all(i != j for i, j in still.items()) else {}


def never_moves_wrongly(d):
    """A flow of several layers, or a pair that is declared dense: x_i = z_j at every point of every draw."""
    layers = d.subject.layers()
    if all(layer.structure in FIXED_IN_PLACE for layer in layers) and (layers or d.subject.bijection is not None):
        return None
    still = never_moved(d.moved)
    if not still or (d.subject.pairs and (carried_past(d) or _moving_layers(d) < 2)):  # one coupling keeps a half
        return None
    i, j = next(iter(still.items()))
    symptom = Symptom.SKIPPED_COLUMN if len(still) == 1 and d.subject.dim > 2 else Symptom.NEVER_MOVES
    words = f"x_{i} is z_{j}, always: {len(still)} of {d.subject.dim} variables never move"
    return symptom, words, (i, j)


def _moving_layers(d):
    """How many layers are more than another order of the variables. One that does nothing was meant to do something."""
    draws_of_layers = zip(*(trial.layers for trial in d.trials), strict=True)
    moved = [ever_moved(list(draws)) for draws in draws_of_layers]
    return sum(bool(m.all(axis=1).any() or not m.diagonal().any()) for m in moved)
