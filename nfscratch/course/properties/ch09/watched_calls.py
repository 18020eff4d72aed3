"""Watched calls: what a solver asks of f, and the steps of Dormand and Prince that its calls are made of.

A step is seven calls of f. The first is made at t and y, the last at t + h and at the result of the step, and the next
step begins there, or again at t and y. So the calls say which h was tried, and whether the step was accepted.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as onp

from nfscratch.course.properties.ch09.step_rules import Tried
from nfscratch.ode.tableau import DORMAND_PRINCE

MOST = 3000  # calls of f


@dataclass
class Watched:
    """f with a list of its calls."""

    f: object
    size: int

    def __post_init__(self):
        self.calls = []  # (t, y, slope)

    def __call__(self, y, t):
        if onp.shape(y) != (self.size,):
            raise ValueError(f"f takes an array of shape ({self.size},) and a number; got shape {onp.shape(y)}")
        if len(self.calls) >= MOST:
            raise ValueError(f"f was asked {MOST} times, and the solve has come to no end")
        with onp.errstate(all="ignore"):
            slope = onp.asarray(self.f(y, t), dtype=float)
        self.calls.append((float(t), onp.array(y, dtype=float), slope))
        return self.calls[-1][2]


def steps_tried(calls):
    """The steps in sevens, or None if the calls are no such steps. The last one counts as accepted."""
    if len(calls) % 7:
        return None
    sevens = [calls[k : k + 7] for k in range(0, len(calls), 7)]
    found = []
    for seven, after in pairwise([*sevens, None]):
        (t, y, _), (end, result, _) = seven[0], seven[-1]
        e = (end - t) * onp.tensordot(
            onp.array(DORMAND_PRINCE.error), onp.array([slope for *_, slope in seven]), axes=1
        )
        accepted = after is None or not (after[0][0] == t and onp.array_equal(after[0][1], y))
        found.append(Tried(t, end - t, y, result, e, accepted))
    return found
