"""Layout: which axis of an array is the batch, outside of a kernel and inside, and the gradient of a shared parameter.

Outside, a batch is an array of rows. All rows may share a parameter, or each row has its own:

    z (N, D)        vector (D,) or (N, D)        theta (D, P) or (N, D, P)        matrix (D, M) or (N, D, M)

A kernel gets an axis n in both cases: n = 1 for a parameter that all rows share, and n = N otherwise:

    z.T             (D, N)                       batch last: each row is a column; `.T` is a view and copies nothing
    columns(p)      (D, n), (P, D, n)            a parameter batch last, to be broadcast against z.T
    rows(p)         (n, D), (n, D, M)            a parameter batch first, for products of matrices

A parameter that is broadcast is used N times, so that its gradient is a sum:

    g_p = sum_to(g, p.shape)                     for g laid out like p, and larger where p was broadcast
    g_p = from_columns(g, p)                     for g laid out like columns(p), (D, N) or (P, D, N)
"""

from __future__ import annotations

from math import prod

import numpy as onp


def columns(p, event_dims=1):
    """A parameter with the batch last, its other axes in reverse: (D,) -> (D, 1), or (N, D) -> (D, N). A view.

    event_dims: how many axes the parameter has when all rows share it; 2 for theta: (D, P) -> (P, D, 1).
    """
    return p.T if p.ndim > event_dims else p.T[..., None]


def rows(p, event_dims=1):
    """A parameter with the batch first: (D,) -> (1, D), and (N, D) as it is. A view. event_dims: as in `columns`."""
    return p if p.ndim > event_dims else p[None]


def from_columns(g, like):
    """The gradient of columns(like), or of what it was broadcast to, as the gradient of `like`.

    g: (D, N) or (P, D, N), or with 1 in place of N where that sum has been taken already.
    """
    return sum_to(g.T, like.shape)


def sum_to(g, shape):
    """The gradient, of the given shape, of a variable that was broadcast to g.shape.

    It is g summed over the leading axes that the variable does not have, and over those where its length is 1.
    Where the two shapes are equal it is g itself, not a copy.
    """
    if g.shape == shape:
        return g
    if g.size == prod(shape):
        return g.reshape(shape)  # they differ by axes of length 1: there is nothing to add up
    extra = g.ndim - len(shape)
    axes = [i for i, n in enumerate(g.shape) if i < extra or n != shape[i - extra]]
    return g.sum(axis=tuple(axes), keepdims=True).reshape(shape)


def stacked(parts):
    """P arrays of one shape (D, n) as one array (P, D, n). (np.stack takes twice as long for small ones.)"""
    out = onp.empty_like(parts[0], shape=(len(parts), *parts[0].shape))
    for p, part in enumerate(parts):
        out[p] = part
    return out


def sum_events(x):
    """(N, *event) -> (N,): the sum over each row's event, of any shape."""
    return x.sum(axis=tuple(range(1, x.ndim)))
