"""Events of any shape: where the batch stands in memory, and an event as one vector.

    z                (N, *event)     outside, the batch comes first: (N, D), or (N, C, H, W) for images
    batch_last(z)    (*event, N)     in memory, the batch comes last: (D, N), or (C, H, W, N)
    flat(z)          (D, N)          the event as a vector of its D = C H W numbers, in C order

All three are views of one array, if it is laid out batch-last; `flat` copies an array that is laid out otherwise.
The ways back are `batch_first` and `unflat`. An event (D,) is a vector already: `z.T`, and `.T` back.
"""

from __future__ import annotations

from math import prod

import autograd.numpy as np
import numpy as onp


def batch_last(z):
    """(N, *event) -> (*event, N)."""
    return z.T if z.ndim == 2 else np.transpose(z, (*range(1, z.ndim), 0))


def batch_first(rows):
    """(*event, N) -> (N, *event)."""
    return rows.T if rows.ndim == 2 else np.transpose(rows, (rows.ndim - 1, *range(rows.ndim - 1)))


def flat(z):
    """(N, *event) -> (D, N)."""
    return z.T if z.ndim == 2 else np.reshape(batch_last(z), (prod(z.shape[1:]), z.shape[0]))


def unflat(rows, shape):
    """(D, N) -> (N, *shape)."""
    return rows.T if len(shape) == 1 else batch_first(np.reshape(rows, (*shape, rows.shape[1])))


def laid_out(z):
    """z with the batch last in memory, so that `batch_last` and `flat` are views. A copy, unless it is so already."""
    return batch_first(onp.asarray(batch_last(z), order="C", like=z))


def check_event(who, z, shape):
    """Refuse an array whose events have another shape: it might broadcast, and give wrong numbers in silence."""
    if z.shape[1:] != shape:
        raise ValueError(f"{who} takes arrays of shape (N, {', '.join(map(str, shape))}); got {tuple(z.shape)}")
