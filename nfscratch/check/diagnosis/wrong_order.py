"""A layer whose inverse moves columns first, and does the rest then: z' = rest(x[:, p]).

    rest(x[:, q]) = z for one q alone, and q is not p      the permutation is not undone
    else                                                   what is wrong with rest, as the inverse of forward(z)[:, p]

The run of the inverse shows p: its state stands, in between, with the columns of x.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations
from typing import Any

import numpy as onp

from nfscratch.check.diagnosis.columns import same
from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.check.diagnosis.paired import Pair, Paired
from nfscratch.check.diagnosis.wrong_columns import column_order
from nfscratch.check.diagnosis.wrong_inverse import name_inverse
from nfscratch.check.rows import flat
from nfscratch.check.trial import Trial

FEW = 4  # rows on which all orders of the columns are tried
WIDEST = 6  # variables: their 720 orders


def name_behind_columns(chain: Paired, low: Pair, high: Pair, trial: Trial) -> Mistake | None:
    """The name of a layer, from boundary low to boundary high of both directions, whose inverse moves columns first."""
    for j, order in _moved(chain, low, high, trial):
        rest = chain.inverse.step(j, low[1])
        if _wants_another(rest, trial, order):
            return Mistake.PERMUTATION
        mistake = name_inverse(Trial(_behind(trial.subject, rest, order), trial.z, limit=trial.limit))
        if mistake is not Mistake.NO_UNDOING:
            return mistake
    return None


def _moved(chain, low, high, trial) -> Iterator[tuple[int, Any]]:
    """(j, p) of the inverse's boundaries within the layer where the state is x[:, p]."""
    x = flat(trial.x)
    x = x[onp.isfinite(x).all(axis=1)]
    for j in range(high[1] + 1, low[1]):
        order = column_order(chain.inverse.step(high[1], j)(x)[0], x)
        if order is not None and (order != onp.arange(len(order))).any():
            yield j, order


def _behind(layer, rest, order):
    def forward(z):
        x, log_det = layer.forward(z)
        return onp.asarray(x)[:, order], log_det

    return replace(layer, forward=forward, inverse=rest)


def _wants_another(rest, trial, order):
    """Whether the rest undoes forward once the columns of x stand in another order, in one alone."""
    x, z = flat(trial.x), flat(trial.z)
    good = onp.flatnonzero(onp.isfinite(x).all(axis=1))[:FEW]
    if x.shape[1] > WIDEST or not len(good):
        return False
    orders = onp.array(list(permutations(range(x.shape[1]))))
    back = rest(x[good][:, orders].transpose(1, 0, 2).reshape(-1, x.shape[1]))[0].reshape(len(orders), len(good), -1)
    found = onp.flatnonzero(same(back, z[good]).all(axis=(1, 2)))
    return len(found) == 1 and bool((orders[found[0]] != order).any())
