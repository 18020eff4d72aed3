"""Stored leaves, those under "fixed", that a layer divides by or solves with: what holds for those that layers make.

A file may hold any numbers there. A singular matrix would end in NumPy's error, and a spread of 0 or less in NaN. NaN
itself passes: parameters of a run that diverged can be saved, with a warning.
"""

from __future__ import annotations

from collections.abc import Callable
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


def judge(name: str, params: Any, own: Any = None) -> None:
    """Refuse stored leaves that break their rule. own: the same tree of a new run; what breaks it there may do so."""
    mine = {} if own is None else tree.split(own)[1]
    for path, leaf in tree.split(params)[1].items():
        *_, above, key = ["", "", *path.split("/")]
        if above == FIXED and key in RULES and not _holds(key, leaf) and _holds(key, mine.get(path, onp.ones(()))):
            raise CheckpointError(f"{name}/{path} must be {RULES[key][2]}; it is not")


def _holds(key, leaf):
    holds, axes, _ = RULES[key]
    return leaf.ndim < axes or (axes == 2 and leaf.shape[-1] != leaf.shape[-2]) or bool(holds(leaf))
