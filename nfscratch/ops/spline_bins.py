"""The bins of a spline on the unit interval: their widths, their knots, and which of them a point falls into.

    w_k   = m + (1 - K m) softmax(a)_k                    K positive widths that sum to 1; none below m           (1)
    l_k   = w_0 + ... + w_{k-1}                           the left knot of bin k                                  (2)
    k(v)  = how many of the inner knots l_1 ... l_{K-1} are <= v            0 ... K - 1, also for NaN             (3)
    q(v)  = q_{k(v)}                                      a quantity of the bin that v falls into                 (4)

Pullbacks, for a gradient g of what was picked (k the bin that v fell into):

    (4)  g_{q_j} = g where j = k, else 0
    (2)  g_{w_j} = g where j < k, else 0
    (1)  g_{a_j} = (w_j - m) (g_{w_j} - sum_i g_{w_i} (w_i - m) / (1 - K m))

With (2) and (4) in (1), for gradients g_w of the width and g_l of the left knot that were picked, the sum is over k
terms that are all alike, so that it needs no loop:

    sum_i g_{w_i} (w_i - m) = g_l (l_k - k m) + g_w (w_k - m)                                                     (5)

Arrays are bins first and batch last, (K, D, M), with M = N, or M = 1 where all rows share the parameters. Adding up K
rows that lie side by side is fast; adding along a last axis of 8 is not.
"""

from __future__ import annotations

import autograd.numpy as np
import numpy as onp

# --- plain twins ---


def widths(a, least):
    """Equation (1): (K, D, M) -> (K, D, M)."""
    e = np.exp(a - np.max(a, axis=0, keepdims=True))
    return e * ((1.0 - len(a) * least) / np.sum(e, axis=0, keepdims=True)) + least


def left_knots(w):
    """Equation (2)."""
    return np.concatenate((np.zeros_like(w[:1]), np.cumsum(w[:-1], axis=0)), axis=0)


def bin_of(left, v):
    """Equation (3), on raw values: left (K, D, M), v (D, N) -> (D, N)."""
    return _count(left[1:] <= v)


def _count(true):
    """The number of true entries along the first axis. (Bytes add up faster than any wider type.)"""
    return true.view("uint8").sum(axis=0, dtype="uint8" if len(true) < 256 else "intp")


def positions(k, rows, columns):
    """Places, in the flat memory of an array (K, D, M), of the entries of its rows k (D, N); rows = D, columns = M.

    They are intp, the type of an index: on a 32-bit Python, `take` refuses wider ones.
    """
    start = onp.arange(rows * columns, dtype="intp", like=k).reshape((rows, columns))
    return onp.multiply(k, rows * columns, dtype="intp") + start


def pick(q, k):
    """Equation (4): q (K, D, M), k (D, N) -> (D, N)."""
    return np.reshape(q, (-1,))[positions(k, *q.shape[1:])]


# --- by hand ---


def pick_vjp(quantities, k):
    """The quantities of bin k, and pullback(gradients) -> those of the quantities."""
    shape = quantities[0].shape
    at = positions(k, *shape[1:])

    def pullback(gradients):
        there = at if shape[2] == k.shape[1] else positions(k, *k.shape)
        return tuple(_put(g, there, shape) for g in gradients)

    return [q.take(at) for q in quantities], pullback


def _put(g, at, shape):
    """g where the picked entries stand, 0 elsewhere; summed over the batch where the rows share their bins."""
    full = onp.zeros_like(g, shape=(shape[0], *g.shape))
    full.reshape((-1,))[at] = g
    return full if shape[2] == g.shape[1] else full.sum(axis=2, keepdims=True)


def bins_vjp(a, least, v, along):
    """(1) to (5) at once, for both axes of a spline.

    a: (2, K, D, M), logits for the axis of z and for that of x; v: (D, N), a point of the axis `along`, 0 or 1.
    Returns k, where row k stands in the memory of a (K, D, M) array, [l_z, l_x, w_z, w_x] at v, each (D, N), and
    pullback([g_l_z, g_l_x, g_w_z, g_w_x], out): the gradient of a, written into out (2, K, D, N).
    """
    bins, rest = a.shape[1], 1.0 - a.shape[1] * least
    p = a - a.max(axis=1, keepdims=True)  # becomes w - m, and before its sums: m is added where one bin is left
    onp.exp(p, out=p)
    p *= rest / p.sum(axis=1, keepdims=True)
    before = onp.empty_like(p)
    before[:, 0] = 0.0
    for j in range(1, bins):
        onp.add(before[:, j - 1], p[:, j - 1], out=before[:, j])
    steps = onp.arange(1, bins, dtype=v.dtype, like=v)[:, None, None] * least
    passed = before[along, 1:] <= v - steps  # l_j <= v
    k = _count(passed)
    at = positions(k, *a.shape[2:])
    lefts, wides = [q.take(at) for q in before], [q.take(at) for q in p]

    def pullback(gradients, out):
        there = at if at.shape == a.shape[2:] else positions(k, *k.shape)
        for axis in (0, 1):
            g_l, g_w, g_a = gradients[axis], gradients[2 + axis], out[axis]
            mean = g_l * lefts[axis] + g_w * wides[axis]  # (5)
            mean *= 1.0 / rest if rest > 0 else 0.0
            onp.multiply(passed, g_l, out=g_a[:-1])
            g_a[-1] = 0.0
            g_a.reshape((-1,))[there] = g_w
            g_a -= mean
            g_a *= p[axis]

    steps = onp.multiply(k, least, dtype=v.dtype)
    return k, at, [lefts[0] + steps, lefts[1] + steps, wides[0] + least, wides[1] + least], pullback
