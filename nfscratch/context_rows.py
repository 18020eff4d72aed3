"""Rows of a context, checked at the boundary as x is (validate.py), but one row may serve all, and images come flat."""

from __future__ import annotations

from typing import Any

import autograd.numpy as np
from autograd.tracer import isbox

from nfscratch import labels, validate


def context(
    value: Any, dim: int | None, n: int | None, like: Any, name: str = "context", shape: tuple[int, ...] | None = None
) -> Any:
    """`value` as an array (n, dim); one row, (dim,) or (1, dim), serves all. dim 0: the flow takes no context.

    dim None: any width is accepted, but not shape (N,), which could be N rows of one number or one row of N.
    n None: any number of rows from 1 on is accepted, and they stay as many.
    shape: that of an image or a series, as which rows may come too; they are made flat.
    """
    if dim == 0:
        if value is not None:
            got = f"shape {tuple(value.shape)}" if hasattr(value, "shape") else f"a {type(value).__name__}"
            raise ValueError(f"{name} must be None, because this flow takes no context; got {got}")
        return None
    if value is None:
        raise ValueError(f"{name} must have shape {_rows_of(dim, shape)}; got None")
    given, value = value, value if isbox(value) else validate.numeric(name, value, labels.REMEDIES)
    value = _as_rows(name, value, dim, n, shape, given)
    value = validate.events(name, value, value.shape[1:], like)
    if len(value) == n or (n is None and len(value) > 0):
        return value
    if len(value) != 1:
        wanted = "at least 1 row" if n is None else f"one row for each of the {n} rows, or 1 row for all"
        raise ValueError(f"{name} must have {wanted}; got {len(value)} rows")
    return np.broadcast_to(value, (n, value.shape[1]))


def _as_rows(name, value, dim, n, shape, given):
    """A context as rows (N, dim)."""
    if shape is not None and shape in (tuple(value.shape), tuple(value.shape[1:])):
        return np.reshape(value, (-1 if value.size else 0, dim))
    if value.ndim == 2 and dim in (None, value.shape[1]):
        return value
    if value.ndim == 1 and len(value) == dim and not labels.could_be_labels(value, n):
        return value[None]
    hint = labels.hint(name, value, dim, given) if shape is None else validate.hint_of_images(name, value, shape)
    raise ValueError(f"{name} must have shape {_rows_of(dim, shape)}; got {tuple(value.shape)}{hint}")


def _rows_of(dim, shape):
    rows = f"(N, {'C' if dim is None else dim})"
    return rows if shape in (None, (dim,)) else f"{rows} or (N, {', '.join(map(str, shape))})"
