"""Wavefront: solving a masked convolution, many pixels at a time.

    x(p) = A z(p) + sum over offsets d of K_d z(p + d),     d before: a row above, or the same row and to the left   (1)
    z(p) = A^-1 [ x(p) - sum over d of K_d z(p + d) ]                                                                (2)

A pixel waits for those before it alone. With kernels of k = 2 r + 1, the pixel (h, w) waits for (h - 1, w + r) at the
latest, so that all pixels of one front

    (r + 1) h + w = t                                                                                                (3)

are known together once the fronts before t are: (r + 1)(H - 1) + W steps in place of H W, 22 in place of 64 at 8 x 8
and 82 in place of 784 at 28 x 28. Each step is one product of matrices.

The transposed equation waits for the pixels after p instead: it is (2) on the image turned by 180 degrees, with A^T
and K_d^T.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as onp

from nfscratch.backend import Constant


def before(k: int) -> list[tuple[int, int]]:
    """The (k^2 - 1) / 2 offsets (rows, columns) before the centre of a k x k kernel, row by row."""
    r = k // 2
    return [(i - r, j - r) for i in range(k) for j in range(k)][: (k * k - 1) // 2]


def solve(inverse, K, x):
    """(2): A^-1 (C, C), K (C, C, (k^2 - 1) / 2), x (C, H, W, N) -> z. All raw arrays.

    The caller knows how A is made, and so its inverse: with a triangular A, elimination with pivots would leave 1e-16
    where A^-1 is 0, times an x of 1e8.
    """
    C, H, W, N = x.shape
    k = round((2 * K.shape[2] + 1) ** 0.5)
    r = k // 2
    wide = onp.zeros_like(x, shape=(C, (H + r) * (W + 2 * r), N))  # r rows above, r columns on both sides
    weights, rows = K.reshape((C, C * K.shape[2])), x.reshape((C, H * W, N))
    for pixels, places, neighbours in fronts_of(H, W, k):
        seen = wide[:, neighbours.on(x)].reshape((weights.shape[1], len(places.host) * N))
        rest = rows[:, pixels.on(x)].reshape((C, len(places.host) * N)) - weights @ seen
        wide[:, places.on(x)] = (inverse @ rest).reshape((C, len(places.host), N))
    return wide.reshape((C, H + r, W + 2 * r, N))[:, r:, r : r + W]


def solve_transposed(inverse, K, g):
    """The transposed equation, for a gradient g (C, H, W, N) of z: that of x."""
    return turned(solve(inverse.T, onp.swapaxes(K, 0, 1), turned(g)))


def turned(h):
    """(C, H, W, N) turned by 180 degrees."""
    return h[:, ::-1, ::-1]


@lru_cache(maxsize=64)
def fronts_of(H, W, k):
    """For each front: its pixels in the flat image, their places in the wide one, and those of their neighbours."""
    r = k // 2
    width, offsets = W + 2 * r, onp.array(before(k)).reshape((-1, 2))
    h, w = (a.ravel() for a in onp.indices((H, W)))
    front, fronts = (r + 1) * h + w, []
    for t in onp.unique(front):
        here = onp.flatnonzero(front == t)
        places = (h[here] + r) * width + w[here] + r
        neighbours = places + (offsets @ onp.array([width, 1]))[:, None]
        fronts.append((Constant(here, int), Constant(places, int), Constant(neighbours, int)))
    return fronts
