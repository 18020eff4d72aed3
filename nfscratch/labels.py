"""Labels of classes, given where a context of rows (N, C) is wanted: how the caller makes one-hot rows of them.

    labels (N,), (N, 1) or one of them, out of K      ->      numpy.eye(K)[labels]       (N, K)
    names of classes                                  ->      the same, of the places that numpy.unique finds

The rows are not made here: which class a number means, and how many there are, only the caller knows.
"""

from __future__ import annotations

from typing import Any

from autograd.tracer import isbox

from nfscratch.array_kinds import is_native

NAMES = "for labels pass one-hot rows, numpy.eye(K)[numpy.unique(labels, return_inverse=True)[1]]"
REMEDIES = dict.fromkeys("UST", NAMES) | {"O": f"make numbers of objects (astype(float)); {NAMES}"}  # by kind of dtype


def could_be_labels(row: Any, n: int | None) -> bool:
    """Whether `row`, whole numbers for n rows or draws, could be n labels and one row of context alike.

    A one-hot row is taken for what it looks like.
    """
    if isbox(row) or n is None or n < 2 or len(row) != n or row.dtype.kind not in "iu":
        return False
    one_hot = bool((row <= 1).all()) and int(row.sum()) == 1
    return bool((row >= 0).all() and (row < n).all()) and not one_hot


def hint(name: str, value: Any, dim: int | None, given: Any) -> str:
    """What to pass in place of `value`, whose shape is no context's. dim: the width that is wanted; None: any.

    given: the caller's own object; a list or a Series takes no new axis.
    """
    array = name if isbox(given) or is_native(given) else f"numpy.asarray({name})"
    hints = []
    if dim != 1 and value.ndim <= 2 and value.shape[1:] in ((), (1,)) and not isbox(value) and _whole(value):
        hints.append(f"for labels pass one-hot rows, numpy.eye({'K' if dim is None else dim})[{_labels(value)}]")
    if value.ndim == 0 and dim == 1:
        hints.append(f"for one number pass [{name}]")
    if value.ndim == 1 and dim in (None, 1):
        hints.append(f"for one variable pass {array}[:, None]")
    if value.ndim == 1 and value.shape == (dim,):
        hints.append(f"for one row pass {array}[None]")
    return "".join(f"; {one}" for one in hints)


def _whole(value):
    """Whether all values are whole numbers; of an empty array, they are not labels."""
    if value.dtype.kind in "biu":
        return value.size > 0
    return value.size > 0 and bool((value == value.round()).all())


def _labels(value):
    """The expression that makes an index of the labels."""
    if value.ndim == 1 and value.dtype.kind in "iu":
        return "labels"
    return "numpy.ravel(labels)" + ("" if value.dtype.kind in "iu" else ".astype(int)")
