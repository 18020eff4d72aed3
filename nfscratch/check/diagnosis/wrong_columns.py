"""R by name, where columns went astray: z' = inverse(forward(z)) has the columns of z in another order, or lacks some.

z' = z[:, m]               m a power of the map's own permutation p, or any other: PERMUTATION
                           m exchanges or interleaves halves, also inside of p: HALVES_SWAPPED
inverse(x[:, r]) = z[:, m]     r is not the identity: the map's own permutation is not undone before the rest;
                               nor is m, which is r: it is undone after the rest, PERMUTATION_LATE
z'_i = x_i or 0            in some of the changed columns, and z'_i = z_i in the others: COLUMN_SKIPPED
                           the others look at them, as a second coupling does: LAYER_NOT_UNDONE
"""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as onp

from nfscratch.check.diagnosis.aligned import Aligned
from nfscratch.check.diagnosis.columns import Columns, copies, same
from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.check.rows import flat

FEW = 4  # rows on which all orders of the columns are tried
WIDEST = 6  # variables: their 720 orders


def moved_columns(c: Columns) -> Mistake | None:
    """z' has all columns of z, in another order; or it has them as soon as x is reordered."""
    order = column_order(c.back, c.z)
    if order is not None:
        return _name_of_order(c, order)
    found = _orders_after_reordering(c) if isinstance(c.trial, Aligned) else None
    if found is None:
        return None
    given, order = found
    if _is_dealt(order):
        return Mistake.HALVES_SWAPPED
    return Mistake.PERMUTATION_LATE if (order == given).all() else Mistake.PERMUTATION


def column_order(a: Any, b: Any) -> Any:
    """m (D,) with a = b[:, m], where there is one m alone."""
    found = copies(a, b)
    if not ((found.sum(axis=0) == 1).all() and (found.sum(axis=1) == 1).all()):
        return None
    return onp.argmax(found, axis=1)


def _name_of_order(c, order):
    own = c.trial.order if isinstance(c.trial, Aligned) else onp.arange(c.dim)
    powers = _powers(own)
    ways = [onp.arange(c.dim), *powers]
    inside = [onp.argsort(way)[order[way]] for way in ways]
    swapped = any((m == h).all() for m in inside for h in (*_halves(c.dim), *_own_halves(c)))
    # Once too often, or too seldom: that is the permutation. Another of its powers may be two halves that it rolls.
    once = any((order == power).all() for power in (*powers[:1], *powers[-1:]))
    return Mistake.PERMUTATION if once or is_permutation(c.J) or not swapped else Mistake.HALVES_SWAPPED


def _powers(own):
    """The map's own permutation, once and again, until it is the identity."""
    powers, power = [], own
    while not (power == onp.arange(len(own))).all():
        powers.append(power)
        power = power[own]
    return powers


def _halves(dim):
    """Orders in which two halves have changed places, or are dealt like cards."""
    columns = onp.arange(dim)
    dealt = [onp.concatenate([columns[k::2], columns[1 - k :: 2]]) for k in (0, 1)]
    return [onp.roll(columns, k) for k in (dim // 2, -(dim // 2))] + [*dealt, *map(onp.argsort, dealt)]


def _own_halves(c):
    """The columns that forward changes before those that it keeps, and the other way round."""
    kept, changed = onp.flatnonzero(c.kept), onp.flatnonzero(~c.kept)
    return [onp.concatenate([changed, kept]), onp.concatenate([kept, changed])] if len(kept) and len(changed) else []


def _is_dealt(order):
    """Even and odd columns that a layer has split, and not joined as they were. Of three it can be any permutation."""
    return len(order) > 3 and any((order == h).all() for h in _halves(len(order))[2:])


def is_permutation(J: Any) -> bool:
    """Whether every J is one."""
    sums = onp.concatenate([J.sum(axis=1), J.sum(axis=2)])
    return bool(onp.abs(J * (1 - J)).max() < 1e-7 and onp.abs(sums - 1).max() < 1e-7)


def _orders_after_reordering(c):
    """(r, m): the order of z's columns that inverse gives where the columns of x are in some order r."""
    if c.dim > WIDEST:
        return None
    rows = c.rows[:FEW]
    x, z = flat(c.trial.original.x)[rows], flat(c.trial.original.z)[rows]
    orders = onp.array(list(permutations(range(c.dim))))[1:]
    try:
        found = _inverses(c, x[:, orders].transpose(1, 0, 2), rows)
    except Exception:  # of any kind: an x that forward does not reach
        return None
    sums = same(onp.sort(found, axis=2), onp.sort(z, axis=1)[None]).all(axis=(1, 2))
    given = ((orders[k], column_order(found[k], z)) for k in onp.flatnonzero(sums))
    return next((both for both in given if both[1] is not None), None)


def _inverses(c, x, rows):
    """inverse of x (K, n, D) as (K, n, D)."""
    s = c.trial.subject
    stacked = x.reshape(-1, *s.out_shape).astype(s.dtype)
    return flat(c.trial.original.apply("inverse", stacked, onp.tile(rows, len(x)))[0]).reshape(x.shape)


def skipped(c: Columns) -> Mistake | None:
    """Some changed columns come back as they went in, or as 0; the other changed ones are right."""
    changed = ~c.kept
    passed = same(c.back, c.x).all(axis=0) | (c.back == 0).all(axis=0)
    missed = c.wrong & changed & passed
    if not missed.any() or (c.wrong & ~missed).any() or not (changed & ~c.wrong).any():
        return None
    return Mistake.LAYER_NOT_UNDONE if _are_two_layers(c, missed, changed & ~c.wrong) else Mistake.COLUMN_SKIPPED


def _are_two_layers(c, missed, right):
    """Whether the right columns look at the missed ones, and these not at each other: two couplings have that."""
    J = onp.abs(c.J).max(axis=0) * (1 - onp.eye(c.dim))
    return bool(missed.sum() > 1 and J[missed][:, missed].max() < 1e-7 and J[right][:, missed].max() > 1e-7)
