"""Parameters per row: what a network adds to the parameters theta_0 that all rows share.

    theta_n = theta_0 + out_n,    out (N, P): a column for each number that is trained, leaf by leaf             (1)
    g_theta_0 = sum_n g_theta_n,    g_out_n = g_theta_n                                                          (2)

A leaf (...) of the tree becomes (N, ...). What is stored but not trained ("fixed") stays the same for all rows.
"""

from __future__ import annotations

from math import prod

import autograd.numpy as np
import numpy as onp

from nfscratch import trees
from nfscratch.autodiff import raw


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
