"""Task 12.4, multi_scale_inverse(x, near, far): equation (8), with levels that mix all of their numbers."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch12.image_maps import Warped

ORDER = "In which order does (8) list the parts of z?"
LEVELS = "Which numbers meet which level in (8)?"
SUM = "Two Jacobians are multiplied in (8). What do their log-determinants do?"
SHAPES = (((1, 2, 2), (4, 1, 1)), ((1, 4, 4), (4, 2, 2)), ((2, 2, 4), (8, 1, 2)))


def values(asked, rng):
    """z by (8), for images of three shapes"""
    return expect(asked, *[_of(rng, *shapes, "z") for shapes in SHAPES])


def log_det(asked, rng):
    """the log-det is that of the whole bijection"""
    return expect(asked, *[_of(rng, *shapes, "log_det") for shapes in SHAPES])


def _of(rng, x_shape, h_shape, judged):
    half = (h_shape[0] // 2, *h_shape[1:])
    near, far, x = Warped(rng, h_shape, x_shape), Warped(rng, half, half), rng.normal(size=x_shape)
    h, l_2 = near.inverse(x)
    on, leaves = h[: half[0]], h[half[0] :]
    (z_0, l_1), (z_1, l_other) = far.inverse(on), far.inverse(leaves)
    forth, l_forth = far.forward(on)
    every_other, l_every = far.inverse(h[::2])

    def joined(a, b):
        return onp.concatenate([a.ravel(), b.ravel()])

    slips = [
        slip("z_1 stands before z_0", ORDER, z=joined(leaves, z_0)),
        slip("the half that should go on leaves", LEVELS, z=joined(z_1, on), log_det=l_2 + l_other),
        slip("the half that should go on leaves", LEVELS, z=joined(on, z_1), log_det=l_2 + l_other),
        slip("z_1 is left out", "How many numbers has z?", z=z_0.ravel()),
        slip("z_1 is left out", "How many numbers has z?", z=z_0),
        slip("z_0 is left out", "How many numbers has z?", z=leaves.ravel()),
        slip("level 1 is not applied", LEVELS, z=h.ravel()),
        slip("level 1 is applied to both halves", LEVELS, z=joined(z_0, z_1), log_det=l_2 + l_1 + l_other),
        slip("level 1 is applied forward", "A level is a pair (forward, inverse).", z=joined(forth, leaves), log_det=l_2 + l_forth),
        slip("every other channel leaves, not the second half", "What does np.split(h, 2) give?", z=joined(every_other, h[1::2]), log_det=l_2 + l_every),
        slip("z is not one vector", "Which shape has z, and how many numbers?", z=onp.concatenate([z_0, leaves])),
        slip("the log-det of level 1 is missing", SUM, log_det=l_2),
        slip("the log-det of level 2 is missing", SUM, log_det=l_1),
        slip("the log-det of level 1 is subtracted", SUM, log_det=l_2 - l_1),
        slip("the log-det of level 2 is subtracted", SUM, log_det=l_1 - l_2),
        slip("the log-dets are multiplied", SUM, log_det=l_1 * l_2),
        slip("the log-dets are averaged", SUM, log_det=(l_1 + l_2) / 2),
        slip("the log-dets come back one by one", SUM, log_det=onp.array([l_2, l_1])),
        slip("the log-dets come back one by one", SUM, log_det=onp.array([l_1, l_2])),
        slip("only half of level 2's log-det counts", SUM, log_det=l_2 / 2 + l_1),
        slip("level 1's log-det is counted twice", SUM, log_det=l_2 + 2 * l_1),
        slip("level 2's log-det is counted twice", SUM, log_det=2 * l_2 + l_1),
        slip(Mistake.SIGN, "Of which direction are the log-dets that the levels return?", log_det=-l_1 - l_2),
    ]  # fmt: skip
    shown = {"x": f"an image of shape {x_shape}" if x.size > 8 else x, "h_1": f"of shape {h_shape}"}
    answer = {"z": joined(z_0, leaves), "log_det": l_1 + l_2}
    return Question((x, near.pair, far.pair), answer, shown, slips, (judged,), 1e-8, f"D = {x.size}")
