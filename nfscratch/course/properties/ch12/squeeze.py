"""Task 12.3, squeeze(x): equation (7)."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.question import Question, expect, slip

SHAPES = ((1, 2, 2), (1, 4, 4), (2, 4, 6), (3, 6, 2))
WHERE = "Where does (7) put the pixel h = 0, w = 1 of the second channel?"


def values(asked, rng):
    """every number stands where (7) says, for one to three channels, and images that are not square"""
    return expect(asked, *[_of(rng, shape, "z") for shape in SHAPES])


def log_det(asked, rng):
    """numbers only move: the volume stays"""
    return expect(asked, *[_of(rng, shape, "log_det") for shape in SHAPES])


def _of(rng, shape, judged):
    x, (C, H, W) = rng.normal(size=shape), shape
    grid = list(onp.ndindex(C, 2, 2, H // 2, W // 2))

    def filled(channel=lambda c, i, j: 4 * c + 2 * i + j, pixel=lambda h, w, i, j: (2 * h + i, 2 * w + j)):
        z = onp.empty((4 * C, H // 2, W // 2))
        for c, i, j, h, w in grid:
            z[channel(c, i, j), h, w] = x[(c, *pixel(h, w, i, j))]
        return z

    slips = [
        slip("the places in the block come first, and then the channels", WHERE, z=filled(lambda c, i, j: (2 * i + j) * C + c)),
        slip("i and j are exchanged", WHERE, z=filled(lambda c, i, j: 4 * c + 2 * j + i)),
        slip("i and j are exchanged, and the places in the block come before the channels", WHERE, z=filled(lambda c, i, j: (2 * j + i) * C + c)),
        slip("the block is read from its last corner", WHERE, z=filled(lambda c, i, j: 4 * c + 2 * (1 - i) + 1 - j)),
        slip("the image is cut into four quarters, not into blocks of 2 x 2", "Which pixels are neighbours in a block?",
             z=filled(pixel=lambda h, w, i, j: (i * H // 2 + h, j * W // 2 + w))),
        slip("the numbers stay in one row: only the shape is new", "What does reshape do with the order of the numbers?", z=x.reshape(4 * C, H // 2, W // 2)),
        slip("rows and columns are exchanged", WHERE, z=filled().transpose(0, 2, 1)),
        slip("the channels come last", "Which axis of z has 4C entries?", z=filled().transpose(1, 2, 0)),
        slip("one channel for each of C, and the rest is left out", "How many numbers go in?", z=x[:, ::2, ::2]),
        slip("the blocks are averaged", "How many numbers go in?", z=filled().reshape(C, 4, H // 2, W // 2).mean(axis=1)),
        slip("x comes back", WHERE, z=x),
        *[slip("moving numbers is said to change the volume", "What is |det| of a permutation matrix?", log_det=value) for value in _changed(x.size)],
        slip("there is a log-det for each channel", "How many numbers for one image?", log_det=onp.zeros(C)),
        slip("there is a log-det for each channel", "How many numbers for one image?", log_det=onp.zeros(4 * C)),
    ]  # fmt: skip
    shown = {"x": f"an image of shape {shape}" if x.size > 8 else x}
    return Question((x,), {"z": filled(), "log_det": 0.0}, shown, slips, (judged,), size=f"{C} x {H} x {W}")


def _changed(size):
    """Log-dets of a map that changes volume: of a block, of a channel, of the image, in both directions."""
    counts = (1, size / 4, size)
    return [1.0, float(size), *(sign * count * onp.log(4) for count in counts for sign in (1, -1))]
