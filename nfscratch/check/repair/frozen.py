"""Frozen: the user's own arrays cannot be written into while changes of his functions are tried.

x[:, 1] += t, with a weight in the place of x, would change the weight for all changes that are tried after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FunctionType, ModuleType
from typing import Any

import numpy as onp

from nfscratch.check.repair.live_code import Reached

DEEPEST = 4  # an array in a dict of a layer in a list
MOST = 2_000  # of one list


@contextmanager
def frozen(reached: Reached, run: Callable[[], Any]) -> Iterator[None]:
    """The arrays that the functions know, frozen; none of them, where `run` as it is writes into one."""
    variables = [*reached.globals.values(), *reached.locals.values()]
    arrays = [a for a in {id(a): a for v in variables for a in _arrays(v, DEEPEST)}.values() if a.flags.writeable]
    _write(arrays, False)
    if not reached.raised and Reached(run).raised:
        _write(arrays, True)
    try:
        yield
    finally:
        _write(arrays, True)


def _write(arrays, writeable):
    for a in arrays:
        try:
            a.flags.writeable = writeable
        except ValueError:  # a view of what cannot be written
            pass


def _arrays(value, depth):
    if isinstance(value, onp.ndarray):
        yield value
    elif depth:
        for part in _parts(value):
            yield from _arrays(part, depth - 1)


def _parts(value):
    if isinstance(value, dict):
        return [v for k, v in list(value.items())[:MOST] if not str(k).startswith("__")]
    if isinstance(value, (list, tuple)):
        return value[:MOST]
    no_object = isinstance(value, (type, FunctionType, ModuleType)) or not hasattr(value, "__dict__")
    return [] if no_object else list(vars(value).values())
