"""FirstBatch: whether a map depends on the first batch that it is given, as a layer does that initialises itself.

It is the same map from its second call on: so two copies are made before the first call, each is given another batch,
and then both are given the same points.
"""

from __future__ import annotations

from copy import deepcopy
from types import BuiltinFunctionType, FunctionType
from typing import Any

import numpy as onp

from nfscratch.check.pairs import is_pair, of_pairs

NOT_COPIED = (FunctionType, BuiltinFunctionType, type)  # a copy of it is itself
NEAR = 1e-6


def depends_on_first_batch(pairs: Any, dim: Any, z: Any) -> bool:
    """Whether copies of the objects whose methods these are differ after different batches. z: (N, ...), N > 1."""
    if not _can_be_copied(pairs):
        return False
    try:
        with onp.errstate(all="ignore"):
            results = [_after(deepcopy(pairs), dim, first.copy(), z) for first in (z[::2], z[1::2])]
    except Exception:  # of any kind: for the checks to say
        return False
    return any(onp.shape(p) == onp.shape(q) and not _alike(p, q) for p, q in zip(*results, strict=True))


def _can_be_copied(pairs):
    """Whether all of them are methods, or hold in themselves what they read: others read what lives on."""
    functions = pairs if is_pair(pairs) else [f for pair in pairs for f in pair]
    return not any(isinstance(f, NOT_COPIED) for f in functions)


def _after(pairs, dim, first, z):
    forward = of_pairs(pairs, dim).forward
    forward(first)
    return [onp.array(result) for result in forward(z.copy())]


def _alike(p, q):
    return onp.allclose(p, q, rtol=NEAR, atol=NEAR, equal_nan=True)
