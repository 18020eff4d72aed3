"""Strips: images (C, H, W, N), batch-last, and their shifts, some rows of pixels at a time.

    shifted images of a strip    (C k^2, n): for each channel and each of k x k offsets the image, shifted; n of the
                                 strip's numbers, which stand side by side in (C, H W N)

All the shifted images of a batch are k^2 times as large as the batch. Written to main memory and read again, they cost
as much as the product that they are made for; a strip of them, in one buffer that is used again, stays in the cache. A
device takes the whole image at once. Shifts reach outside of the image, where it is zero: a frame of k // 2 zeros.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import NamedTuple

import numpy as onp

CACHE = 1 << 20  # bytes of a strip's shifted images


class Strip(NamedTuple):
    """Pixels: some rows whole, or a part of one."""

    rows: tuple[int, int]
    columns: tuple[int, int]
    place: slice  # in (C, H W N)

    def at(self, i, j):
        """Where in a framed image these pixels lie, shifted by the offset (i, j)."""
        (a, b), (c, d) = self.rows, self.columns
        return slice(None), slice(a + i, b + i), slice(c + j, d + j)

    def shape(self, C, k, N):
        """That of the shifted images."""
        return C, k, k, self.rows[1] - self.rows[0], self.columns[1] - self.columns[0], N


def strips(shape, k, like):
    """The strips of images of `shape` (C, H, W, N), where C channels are shifted."""
    C, H, W, N = shape
    if not isinstance(like, onp.ndarray):
        return _cut(H, W, N, H * W)
    return _cut(H, W, N, max(1, CACHE // max(1, C * k * k * N * like.itemsize)))


@lru_cache(maxsize=256)
def _cut(H, W, N, pixels):
    """Strips of at most `pixels` pixels."""
    rows, columns = (min(H, pixels // W), W) if pixels >= W else (1, pixels)
    corners = [(a, c) for a in range(0, H, rows) for c in range(0, W, columns)]
    return tuple(_strip((a, min(H, a + rows)), (c, min(W, c + columns)), W, N) for a, c in corners)


def _strip(rows, columns, W, N):
    start = rows[0] * W + columns[0]
    count = (rows[1] - rows[0]) * (columns[1] - columns[0])
    return Strip(rows, columns, slice(start * N, (start + count) * N))


def shifted(h, k):
    """Pairs of place and shifted images (C k^2, n), strip by strip. The images are valid until the next pair."""
    C, N, buffer = h.shape[0], h.shape[3], None
    if k == 1:
        yield slice(None), h.reshape((C, prod(h.shape[1:])))
        return
    wide = _framed(h, k)
    for strip in strips(h.shape, k, h):
        shape = strip.shape(C, k, N)
        if buffer is None or buffer.shape != shape:
            buffer = onp.empty_like(h, shape=shape, order="C")
        for i in range(k):
            for j in range(k):
                buffer[:, i, j] = wide[strip.at(i, j)]
        yield strip.place, buffer.reshape((C * k * k, strip.place.stop - strip.place.start))


def _framed(h, k):
    (C, H, W, N), r = h.shape, k // 2
    wide = onp.zeros_like(h, shape=(C, H + 2 * r, W + 2 * r, N), order="C")
    wide[:, r : r + H, r : r + W] = h
    return wide


class Overlay:
    """The adjoint of `shifted`: shifted images of C channels, put back and added, strip by strip."""

    def __init__(self, like, C, k):
        _, H, W, N = like.shape
        self.size, self.k = (C, H, W, N), k
        self.wide = onp.zeros_like(like, shape=(C, H + k - 1, W + k - 1, N), order="C")

    def add(self, strip, images):
        parts = images.reshape(strip.shape(self.size[0], self.k, self.size[3]))
        for i in range(self.k):
            for j in range(self.k):
                self.wide[strip.at(i, j)] += parts[:, i, j]

    def image(self):
        """(C, H, W, N)."""
        (_, H, W, _), r = self.size, self.k // 2
        return self.wide[:, r : r + H, r : r + W].copy(order="C")
