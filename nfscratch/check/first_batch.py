"""FirstBatch: whether the first batch that a map is given takes the place of numbers that it held.

So does a layer that has been set, and sets itself again. It is the same map from its second call on: so two copies are
made before the first call, each is given another batch, and then both are given the same points. A layer that held no
numbers yet, but zeros or ones, may set itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from functools import partial
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

import numpy as onp

from nfscratch.check.pairs import is_pair, of_pairs

NOT_COPIED = (FunctionType, BuiltinFunctionType, type)  # a copy of it is itself
NEAR = 1e-6
DEEPEST = 6  # objects within objects


def depends_on_first_batch(pairs: Any, dim: Any, z: Any) -> bool:
    """Whether copies of the objects whose methods these are differ after different batches, and have lost what they
    held. z: (N, ...), N > 1.
    """
    if not _can_be_copied(pairs):
        return False
    try:
        with onp.errstate(all="ignore"):
            both = [_after(deepcopy(pairs), dim, first.copy(), z) for first in (z[::2], z[1::2])]
            results, lost = zip(*both, strict=True)
    except Exception:  # of any kind: for the checks to say
        return False
    return all(lost) and any(onp.shape(p) == onp.shape(q) and not _alike(p, q) for p, q in zip(*results, strict=True))


def _can_be_copied(pairs):
    """Whether all of them are methods, or hold in themselves what they read: others read what lives on."""
    functions = pairs if is_pair(pairs) else [f for pair in pairs for f in pair]
    return not any(isinstance(f, NOT_COPIED) for f in functions)


def _after(pairs, dim, first, z):
    """What forward gives after another batch, and whether the objects have lost numbers to it."""
    before, forward = {k: a.copy() for k, a in _held(pairs)}, of_pairs(pairs, dim).forward
    forward(first)
    now = dict(_held(pairs))
    lost = any(k in now and now[k].shape == a.shape and not _alike(now[k], a) for k, a in before.items())
    return [onp.array(result) for result in forward(z.copy())], lost


def _held(thing: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, Any]]:
    """(path, array) of the arrays that objects hold, whose numbers are not all one number."""
    if isinstance(thing, onp.ndarray):
        if thing.dtype.kind == "f" and thing.size and (thing != thing.flat[0]).any():
            yield path, thing
    elif len(path) < DEEPEST:
        for key, part in _parts(thing):
            yield from _held(part, (*path, key))


def _parts(thing):
    if isinstance(thing, MethodType):
        return [("self", thing.__self__)]
    if isinstance(thing, partial):
        return [*enumerate(thing.args), *thing.keywords.items(), ("func", thing.func)]
    if isinstance(thing, (list, tuple)):
        return enumerate(thing)
    return (thing if isinstance(thing, dict) else getattr(thing, "__dict__", {})).items()


def _alike(p, q):
    return onp.allclose(p, q, rtol=NEAR, atol=NEAR, equal_nan=True)
