"""Points and parameters that are off by a few of their last digits."""

import numpy as onp

from nfscratch import trees
from nfscratch.ops.intervals import REALS


def ends_of(bijection, direction):
    """The interval of what goes into a direction."""
    ends = bijection.domain if direction == "forward" else bijection.codomain
    return REALS if ends is None else tuple(ends)


def moved_within(points, step, ends, rng):
    """Points that move by about `step` to either side, and stay where that would leave the interval."""
    there = points + some_steps(rng, points.shape) * step
    return onp.where((there > ends[0]) & (there < ends[1]), there, points)


def some_steps(rng, shape):
    """Of either sign and of different lengths, about 1: of two entries that matter alike, steps of one length would
    cancel in every second draw.
    """
    return rng.choice([-1.0, 1.0], size=shape) * rng.uniform(0.5, 1.5, size=shape)


def moved_digits(tree, u, rng):
    """Each trained p moves by about u max(1, |p|), each stored one by u |p|."""

    def by(least):
        return lambda a: a + some_steps(rng, a.shape) * u * onp.maximum(least, onp.abs(a))

    return trees.map_leaves(by(1.0), tree, fixed=by(0.0))
