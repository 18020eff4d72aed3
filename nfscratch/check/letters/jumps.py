"""Jumps: the places of a line where a value still jumps between neighbouring numbers.

The steps that stand out most are halved until a billionth of them is left, and then until no number lies between.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as onp


def jumps(line, t, values, column):
    """Places where one value still jumps between neighbouring numbers."""
    v = values[:, column]
    ends = _ends_of_constants(line, t, v, line.least) if column == line.trial.subject.dim else []
    return sorted(_steep_jumps(line, t, v, column, line.least) + ends, key=abs)


def _steep_jumps(line, t, v, column, least):
    tops, step = _steepest(v, least)
    spot = _Spots(t[tops], t[tops + 1], v[tops], v[tops + 1], step[tops])
    for halvings in (25, 19):  # a billionth of the step, and then the distance of neighbouring numbers
        if len(spot.low) == 0:
            return []
        for _ in range(halvings):
            spot = spot.halved(lambda middle: line.values(middle)[:, column])
        spot = spot.still_jumping(least)
    return (0.5 * (spot.low + spot.high)).tolist()


def _ends_of_constants(line, t, v, least, halvings=60):
    """Places where log_det is constant on one side and jumps."""
    same, size = 8 * line.trial.subject.precision, onp.maximum(1.0, onp.abs(v))
    with onp.errstate(all="ignore"):
        still = onp.abs(onp.diff(v)) <= same * size[1:]
    first = onp.flatnonzero(still[:-1] != still[1:])  # the constant steps are those up to t[k + 1], or from there on
    constant = v[first + 1]
    near, far = t[first + 1], onp.where(still[first], t[first + 2], t[first])
    for _ in range(halvings if len(first) else 0):
        middle = 0.5 * (near + far)
        inside = onp.abs(line.values(middle)[:, -1] - constant) <= same * onp.maximum(1.0, onp.abs(constant))
        near, far = onp.where(inside, middle, near), onp.where(inside, far, middle)
    after = line.values(far)[:, -1] if len(first) else constant
    jumps = onp.abs(after - constant) > least * onp.maximum(1.0, onp.abs(constant))
    return (0.5 * (near + far))[jumps].tolist()


def _steepest(v, least):
    """The up to eight steps that stand out most from the steps beside them, and all steps."""
    with onp.errstate(all="ignore"):
        step = onp.abs(onp.diff(v))
    step = onp.where(onp.isfinite(step), step, 0.0)
    beside = onp.maximum(onp.concatenate([[0.0], step[:-1]]), onp.concatenate([step[1:], [0.0]]))
    score = step - 1.5 * beside
    tops = onp.argsort(score)[::-1][:8]
    return tops[score[tops] > least * onp.maximum(1.0, onp.abs(v[tops]))], step


@dataclass
class _Spots:
    """Intervals of a line, the values at their ends, and the step that each began with."""

    low: Any
    high: Any
    v_low: Any
    v_high: Any
    first: Any

    def halved(self, value):
        """The half of each interval on which the value changes more."""
        middle = 0.5 * (self.low + self.high)
        v = value(middle)
        left = onp.abs(v - self.v_low) >= onp.abs(self.v_high - v)
        low, v_low = onp.where(left, self.low, middle), onp.where(left, self.v_low, v)
        high, v_high = onp.where(left, middle, self.high), onp.where(left, v, self.v_high)
        return _Spots(low, high, v_low, v_high, self.first)

    def still_jumping(self, least):
        """The intervals that still hold a twentieth of the first step."""
        with onp.errstate(all="ignore"):
            size = onp.maximum(1.0, onp.abs(self.v_low))
            still = onp.abs(self.v_high - self.v_low) > onp.maximum(0.05 * self.first, least * size)
        return _Spots(*(a[still] for a in (self.low, self.high, self.v_low, self.v_high, self.first)))
