"""Stored leaves, those under "fixed", that a layer divides by or solves with: what holds for those that layers make.

A file may hold any numbers there. A singular matrix would end in NumPy's error, and a spread of 0 or less in NaN, as
would a direction of length 0. NaN itself passes: parameters of a run that diverged can be saved, with a warning.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as onp

from nfscratch.checkpoint import tree
from nfscratch.checkpoint.header import CheckpointError
from nfscratch.trees import FIXED


def _has_inverse(matrix):
    try:
        onp.linalg.inv(matrix)
    except onp.linalg.LinAlgError:
        return False
    return True


def _factor(L):
    """Of Whiten: lower triangular, with a positive diagonal. Rounding can make such a matrix singular too."""
    lower = not (onp.abs(onp.triu(L, 1)) > 0).any() and not (onp.diagonal(L, axis1=-2, axis2=-1) <= 0).any()
    return lower and _has_inverse(L)


def _weights(W):
    """Of Remainder: a column is predicted from those before it, and I - W is solved with."""
    return not (onp.abs(onp.triu(W)) > 0).any() and _has_inverse(onp.eye(W.shape[-1]) - W)


RULES: dict[str, tuple[Callable[[Any], bool], int, str]] = {  # of a leaf with at least so many axes
    "std": (lambda s: not (s <= 0).any(), 1, "above 0"),
    "variance": (lambda v: not (v < 0).any(), 1, "at least 0"),
    "heavy": (lambda s: not (s < 0).any(), 1, "at least 0"),
    "share": (lambda a: not ((a < 0) | (a > 1)).any(), 0, "between 0 and 1"),
    "mixing": (_factor, 2, "a lower triangular matrix with a positive diagonal and an inverse"),
    "weights": (_weights, 2, "a matrix with zeros from its diagonal on, for which I - W has an inverse"),
}


UNIT = ("u", "v")  # the directions of a Lipschitz network's layer, {"W", "b", "fixed": {"u", "v"}}


def judge(name: str, params: Any, own: Any = None) -> None:
    """Refuse stored leaves that break their rule. own: the same tree of a new run; what breaks it there may do so."""
    mine = {} if own is None else tree.split(own)[1]
    leaves = tree.split(params)[1]
    for path, leaf in leaves.items():
        *_, above, key = ["", "", *path.split("/")]
        if above == FIXED and key in RULES and not _holds(key, leaf) and _holds(key, mine.get(path, onp.ones(()))):
            raise CheckpointError(f"{name}/{path} must be {RULES[key][2]}; it is not")
        if above == FIXED and key in UNIT and not _are_units(leaves, path.removesuffix(f"{FIXED}/{key}"), key):
            raise CheckpointError(f"{name}/{path} must be of length 1, for each layer; it is not")


def _holds(key, leaf):
    holds, axes, _ = RULES[key]
    return leaf.ndim < axes or (axes == 2 and leaf.shape[-1] != leaf.shape[-2]) or bool(holds(leaf))


def _are_units(leaves, layer, key):
    """Whether the vectors are of length 1, with room for rounding. In a Stack, b says how many layers there are."""
    beside = [leaves.get(layer + place) for place in ("W", "b", *(f"{FIXED}/{each}" for each in UNIT))]
    if any(leaf is None for leaf in beside):  # a caller's own
        return True
    v, layers = onp.asarray(leaves[f"{layer}{FIXED}/{key}"], dtype=float), beside[1].shape[:-1]
    if v.size == 0 or v.shape[: len(layers)] != layers:
        return True
    with onp.errstate(over="ignore"):
        length = onp.linalg.norm(v.reshape((prod(layers), -1)), axis=1)
    return not ((length < 0.5) | (length > 2)).any()
