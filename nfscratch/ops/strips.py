"""Strips: images (C, H, W, N), batch-last, and their shifts, some rows of pixels at a time.

    shifted images of a strip    (C k_1 k_2, n): for each channel and each of k_1 x k_2 offsets the image, shifted, and
                                 of it every s-th pixel; n of the numbers that stand side by side in (C, H' W' N)

All the shifted images of a batch are k_1 k_2 times as large as the batch. Written to main memory and read again, they
cost as much as the product that they are made for; a strip of them, in one buffer that is used again, stays in the
cache. A device takes the whole image at once. Shifts reach outside of the image, where it is zero: a frame of k // 2.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from math import prod
from typing import NamedTuple

import numpy as onp

CACHE = 1 << 20  # bytes of a strip's shifted images
ONE = (1, 1)  # every pixel


class Strip(NamedTuple):
    """Pixels of the image in steps: some rows whole, or a part of one."""

    rows: tuple[int, int]
    columns: tuple[int, int]
    place: slice  # in (C, H' W' N)
    steps: tuple[int, int]

    def at(self, i, j):
        """Where in a framed image these pixels lie, shifted by the offset (i, j)."""
        (a, b), (c, d), (s, t) = self.rows, self.columns, self.steps
        return slice(None), slice(a * s + i, b * s + i, s), slice(c * t + j, d * t + j, t)

    def shape(self, C, widths, N):
        """That of the shifted images."""
        return C, *widths, self.rows[1] - self.rows[0], self.columns[1] - self.columns[0], N


def strips(shape, widths, steps, like):
    """The strips of images of `shape` (C, H, W, N), where C channels are shifted."""
    C, H, W, N = shape
    H, W = -(-H // steps[0]), -(-W // steps[1])
    if not isinstance(like, onp.ndarray):
        return _cut(H, W, N, H * W, tuple(steps))
    return _cut(H, W, N, max(1, CACHE // max(1, C * prod(widths) * N * like.itemsize)), tuple(steps))


@lru_cache(maxsize=256)
def _cut(H, W, N, pixels, steps):
    """Strips of at most `pixels` pixels."""
    rows, columns = (min(H, pixels // W), W) if pixels >= W else (1, pixels)
    corners = [(a, c) for a in range(0, H, rows) for c in range(0, W, columns)]
    return tuple(_strip((a, min(H, a + rows)), (c, min(W, c + columns)), W, N, steps) for a, c in corners)


def _strip(rows, columns, W, N, steps):
    start = rows[0] * W + columns[0]
    count = (rows[1] - rows[0]) * (columns[1] - columns[0])
    return Strip(rows, columns, slice(start * N, (start + count) * N), steps)


def shifted(h, widths, steps=ONE):
    """Pairs of place and shifted images (C k_1 k_2, n), strip by strip. The images are valid until the next pair."""
    (C, _, _, N), buffer = h.shape, None
    if prod(widths) == 1 and steps == ONE:
        yield slice(None), h.reshape((C, prod(h.shape[1:])))
        return
    wide = _framed(h, widths)
    for strip in strips(h.shape, widths, steps, h):
        shape = strip.shape(C, widths, N)
        if buffer is None or buffer.shape != shape:
            buffer = onp.empty_like(h, shape=shape, order="C")
        for i, j in product(*map(range, widths)):
            buffer[:, i, j] = wide[strip.at(i, j)]
        yield strip.place, buffer.reshape((C * prod(widths), strip.place.stop - strip.place.start))


def _framed(h, widths):
    wide = Overlay(h, h.shape, widths, ONE)
    wide.inside[...] = h
    return wide.framed


class Overlay:
    """The adjoint of `shifted`: shifted images, put back and added to a framed image of `shape`, strip by strip."""

    def __init__(self, like, shape, widths, steps):
        self.shape, self.widths = shape, widths
        (C, H, W, N), (k, m) = shape, widths
        self.framed = onp.zeros_like(like, shape=(C, H + k - 1, W + m - 1, N), order="C")
        self.inside = self.framed[:, k // 2 : k // 2 + H, m // 2 : m // 2 + W]

    def add(self, strip, images):
        parts = images.reshape(strip.shape(self.shape[0], self.widths, self.shape[3]))
        for i, j in product(*map(range, self.widths)):
            self.framed[strip.at(i, j)] += parts[:, i, j]

    def image(self):
        """(C, H, W, N)."""
        return self.inside.copy(order="C")
