"""Parameters per row: what a network adds to the parameters theta_0 that all rows share.

    theta_n = theta_0 + out_n,    out (N, P): a column for each number that is trained, leaf by leaf             (1)
    g_theta_0 = sum_n g_theta_n,    g_out_n = g_theta_n                                                          (2)

A leaf (...) of the tree becomes (N, ...). What is stored but not trained ("fixed") stays the same for all rows.

Whether a part takes such a tree is tried out: a few rows together must come out as each does alone, its leaves (...).
"""

from __future__ import annotations

from math import prod

import autograd.numpy as np
import numpy as onp

from nfscratch import trees
from nfscratch.autodiff import raw

ROWS = 3  # so many, each with its own parameters, show whether a part takes them


def per_row(tree, out):
    """(1): the tree whose trained leaves (...) are (N, ...): themselves, moved by their columns of `out` (N, P)."""
    columns, start = out.T, 0

    def moved(leaf):
        nonlocal start
        shape, first = leaf.shape, start
        start += prod(shape)
        return leaf + np.moveaxis(np.reshape(columns[first:start], (*shape, columns.shape[1])), -1, 0)

    return at_trained(moved, tree)


def per_row_vjp(tree, out):
    """theta of (1), and pullback(g_theta) -> g_theta_0, g_out, which is (2)."""

    def pullback(g_theta):
        g_out = onp.concatenate([side_by_side(g) for g in trees.leaves(g_theta)], axis=0).T
        return trees.map_leaves(lambda g: g.sum(axis=0), g_theta, fixed=lambda g: g), g_out

    return per_row(tree, out), pullback


def at_trained(fun, tree):
    """`fun` at the trained leaves, in the order of trees.leaves; the tree may be under a derivative."""
    inside = raw(tree)
    if isinstance(inside, dict):
        return {key: tree[key] if key == trees.FIXED else at_trained(fun, tree[key]) for key in sorted(inside)}
    if isinstance(inside, (list, tuple)):
        return type(inside)(at_trained(fun, tree[i]) for i in range(len(inside)))
    return fun(tree)


def side_by_side(g):
    """A gradient (N, ...) as columns, batch-last: (p, N)."""
    return onp.moveaxis(g, 0, -1).reshape((prod(g.shape[1:]), g.shape[0]))


def takes_rows(outputs, tree, shape):
    """Whether outputs(theta, z (n, *shape)) -> arrays (n, ...) takes a theta for each row of z. tree: theta_0."""
    try:
        return _together_as_alone(outputs, tree, shape)
    except (TypeError, ValueError, IndexError, KeyError):  # the shapes do not fit
        return False


def _together_as_alone(outputs, tree, shape):
    rng, like = onp.random.default_rng(0), trees.first_array(tree)
    z = onp.asarray(rng.normal(size=(ROWS, *shape)), dtype=like.dtype, like=like)
    out = onp.asarray(0.1 * rng.normal(size=(ROWS, trees.count(tree))), dtype=like.dtype, like=like)
    together = outputs(per_row(tree, out), z)
    for n in range(ROWS):
        one = slice(n, n + 1)
        alone = outputs(at_trained(lambda leaf: leaf[0], per_row(tree, out[one])), z[one])
        if not all(_alike(a, b, one) for a, b in zip(together, alone, strict=True)):
            return False
    return True


def _alike(together, alone, one):
    mine = together[one]
    fits = len(together) == ROWS and mine.shape == alone.shape
    return fits and bool(onp.allclose(mine, alone, rtol=1e-2, atol=1e-3, equal_nan=True))
