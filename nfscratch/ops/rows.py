"""Rows of a batch (N, ...): their numbers in a larger one, and others in their place where they are lost.

A row is lost where a search, a solver or a network that overflows gives nothing for it. What comes back for the others
must not depend on it, and a product with NaN is NaN, also that of 0: so another row is evaluated in its place.
"""

from __future__ import annotations

from typing import Any

import autograd.numpy as np
import numpy as onp

from nfscratch.autodiff import raw


def counted_from(rows: list[int] | None, start: int) -> list[int] | None:
    """The numbers of rows in a batch in which their own begins at `start`; None: not known."""
    return None if rows is None else [start + row for row in rows]


def nearer(x: Any, context: Any, lost: Any) -> tuple[Any, Any]:
    """x and context, with the first row that is not lost in the place of each that is; with zeros, where all are."""
    first = None if lost.all() else int(onp.argmin(lost))
    return _with(x, lost, first), None if context is None else _with(context, lost, first)


def _with(a, lost, first):
    other = onp.zeros_like(raw(a)[:1]) if first is None else raw(a)[first : first + 1]
    return np.where(onp.reshape(lost, (-1, *(1,) * (a.ndim - 1))), other, a)
