"""OtherOrders: whether a change also holds with another permutation than the one that happens to stand in the file.

An order of the columns that is a cycle of three is undone by a second turn, and one may be undone by its own mirror
image: then a change holds that no other order would bear. So each order that the functions read is exchanged, where it
lies, for one that takes n turns to come back, its inverse for the inverse of that one, and the round trip is asked
again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as onp

from nfscratch.check.repair.live_code import Reached
from nfscratch.check.repair.orders import is_order

SHORTEST = 4  # of three columns, every order is undone by itself or by a second turn


class OtherOrders:
    """The orders that a run met, in variables, in objects and in rows of them."""

    def __init__(self, reached: Reached):
        found: dict[int, Any] = {}
        for variables in [*reached.globals.values(), *reached.locals.values()]:
            for value in list(variables.values()):
                for each in _parts(value):
                    found[id(each)] = each
        matrices = any(_is_turn(v) for v in found.values())
        orders = [v for v in found.values() if _is_plain_order(v)]
        fixed = matrices or not all(map(_can_be_written, orders))
        self.exchanged = [] if fixed else _others(orders)

    @contextmanager
    def standing(self) -> Iterator[None]:
        """The other orders in the place of the user's."""
        try:
            for order, new, _ in self.exchanged:
                _write(order, new)
            yield
        finally:
            for order, _, old in self.exchanged:
                _write(order, old)


def _parts(value):
    """The value, or what an object or a row holds."""
    yield value
    inside = list(value) if isinstance(value, (list, tuple)) and len(value) < 50 else []
    inside += list(getattr(value, "__dict__", {}).values()) if not callable(value) else []
    yield from inside


def _is_plain_order(value):
    """Whether it is an order that does not undo itself: of one that does, such as a flip, that may be meant."""
    of_whole = isinstance(value, list) and all(type(v) is int for v in value)
    of_whole = of_whole or (isinstance(value, onp.ndarray) and value.dtype.kind in "iu" and value.ndim == 1)
    if not of_whole or len(value) < SHORTEST or not is_order(value, len(value)):
        return False
    order = onp.asarray(value)
    return bool((order[order] != onp.arange(len(order))).any())


def _can_be_written(order):
    """Whether it is a list, or an array whose memory is not someone else's for reading alone."""
    if isinstance(order, list) or order.flags.writeable:
        return True
    try:
        order.flags.writeable = True
    except ValueError:
        return False
    order.flags.writeable = False
    return True


def _is_turn(value):
    """Whether it is a matrix of a permutation, which would have to be exchanged with its order."""
    if not isinstance(value, onp.ndarray) or value.ndim != 2 or value.shape[0] != value.shape[1]:
        return False
    ones = (value == 1).sum(axis=0)
    whole = bool(((value == 0) | (value == 1)).all() and (ones == 1).all())
    return whole and not (value == onp.eye(len(value))).all()


def _others(orders):
    """(order, the new one, the old one) of each; equal ones stay equal, and inverse ones inverse."""
    new_of: dict[tuple[int, ...], Any] = {}
    rng = onp.random.default_rng(0)
    for order in orders:
        old = onp.asarray(order)
        if tuple(old.tolist()) not in new_of:
            new = _of_one_cycle(len(old), rng)
            new_of[tuple(old.tolist())] = new
            new_of[tuple(onp.argsort(old).tolist())] = onp.argsort(new)
    return [(order, new_of[tuple(onp.asarray(order).tolist())], onp.array(order)) for order in orders]


def _of_one_cycle(n, rng):
    """An order that comes back to itself after n turns, and not before."""
    way = rng.permutation(n)
    order = onp.empty(n, dtype=int)
    order[way] = onp.roll(way, 1)
    return order


def _write(order, new):
    if isinstance(order, list):
        order[:] = onp.asarray(new).tolist()
        return
    may_be_written = order.flags.writeable
    order.flags.writeable = True
    order[:] = new
    order.flags.writeable = may_be_written
