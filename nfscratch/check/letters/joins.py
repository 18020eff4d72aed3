"""Joins: where one formula hands over to the next. A companion of E.

Along lines through a layer, forward and inverse: no NaN, x never jumps, and log_det, the logarithm of a derivative,
jumps only where the map is piecewise linear (leaky ReLU, a linear spline), or where it is cut and glued: a shift of a
circle jumps from 1 to 0, and every x between is reached from elsewhere, every z beside it comes back.

Halving finds a join: the interval of a line on which a value changes most, until 1e-9 of it is left, and then until no
number lies between. A spline's slope of 1000 beside one of 0.001 changes log_det within 1e-11, and is no jump.
Where log_det is constant up to a place, and moves after it, that place is a join: a spline meets its straight tails
there. It is halved by itself, because a slope of 0.999 beside one of 1 is a small jump, which nothing else shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as onp

from nfscratch.check.domains import bounded, into
from nfscratch.check.finding import Finding, Symptom
from nfscratch.check.guarded import kind_of, said
from nfscratch.check.judging import failing, first_failure
from nfscratch.check.rows import condition, flat, largest
from nfscratch.check.trial import OTHER, SYMBOL, K, Trial
from nfscratch.check.units import units_of

AT_EDGES = "0, +-eps, +-1e3, N = 0 and 1, joins"
SOUND = Finding("E", AT_EDGES, 0.0, 0.0)
SHARES = onp.linspace(0.03, 0.97, 9)  # of a jump
FARTHEST = 10.0
LEAST = 1e-6
REFUSALS = (ValueError, ArithmeticError, IndexError, onp.linalg.LinAlgError)


def check_joins(trial: Trial, rng: onp.random.Generator) -> Finding:
    """Along lines, in each layer by itself, where its kinks are its own."""
    layers = trial.subject.layers() or [trial.subject]
    # In float32 a steep spot cannot be told from a jump: there the same map in float64 is asked.
    known = trial.twin is not None
    ways = [(Trial(layer, trial.z), direction) for layer in layers for direction in _directions(layer)]
    return first_failure((partial(_scan, *way, known, rng) for way in ways), SOUND)


def _directions(layer):
    """A line of x may leave a codomain that is not known, and log_det is -inf outside: that is no join."""
    return ("forward", "inverse") if layer.codomain_known else ("forward",)


def _scan(trial, direction, known, rng):
    """The first and the last variable, each along one line, which has one context."""
    units = units_of(trial) if direction == "inverse" else (0.0, 1.0)
    trial = Trial(trial.subject.at([0]), trial.z[:1])
    columns = {0, trial.subject.dim - 1}
    lines = ((j, rng.normal(size=trial.subject.dim)) for j in columns)
    return first_failure(
        (partial(_along, _Line(trial, direction, j, start, units), known) for j, start in lines), SOUND
    )


@dataclass
class _Line:
    """One direction of a trial with variable j moved along a line through `start`."""

    trial: Trial
    direction: str
    j: int
    start: Any
    units: tuple[Any, Any]

    def points(self, t):
        """The inputs at the places t of the line."""
        s, a = self.trial.subject, onp.tile(self.start, (len(t), 1))
        a[:, self.j] = t
        a = self.units[0] + self.units[1] * into(s.ends(self.direction), a)
        return a.reshape(-1, *s.shape(self.direction)).astype(s.dtype)

    def values(self, t):
        """(T, D + 1): the result and its log_det."""
        y, log_det = self.trial.apply(self.direction, self.points(onp.atleast_1d(t)))
        return onp.concatenate([flat(y), log_det[:, None]], axis=1)

    def fails(self, words, symptom, t, row=0, **numbers):
        return failing("E", AT_EDGES, words, symptom, SYMBOL[self.direction], self.points(t), row, **numbers)

    def sides(self, join, reach=2e-3):
        """How much log_det changes just before and just after the join."""
        log_det = self.values(join + onp.array([-2, -1, 1, 2]) * reach)[:, -1]
        return abs(log_det[1] - log_det[0]), abs(log_det[3] - log_det[2])

    def is_rounded(self, join):
        """Whether rounding may spoil a result beside the join: a slope of 1e13 takes a value across in one step."""
        beside = join + onp.array([-1e-6, 1e-6])
        at, values = self.points(beside), self.values(beside)[:, :-1]
        size = onp.maximum(1.0, onp.maximum(largest(at), largest(values)))
        J = self.trial.derivatives(self.direction, at, [0, 0])[0]
        return (K * self.trial.subject.precision * (condition(J) + self.trial.subject.depth) * size).max() > 1e-3

    def is_cut(self, join):
        """Whether the map jumps here and is one-to-one all the same, in what it jumps over and on both sides."""
        there = self.trial.subject.shape(OTHER[self.direction])
        before, after = self.values(join + onp.array([-1e-8, 1e-8]))[:, :-1]
        over = (before + SHARES[:, None] * (after - before)).reshape(-1, *there)
        step = float(onp.abs(after - before).max())
        if not step > LEAST * max(1.0, float(onp.abs(before).max())):  # only its derivative jumps
            return False
        reach = min(step, FARTHEST)
        beside = self.points(join + reach * onp.concatenate([-SHARES, SHARES]))
        try:
            return self._returns(OTHER[self.direction], over) and self._returns(self.direction, beside)
        except Exception:  # of any kind: the other direction does not take what lies there
            return False

    def _returns(self, direction, a):
        y = self.trial.apply(direction, a.astype(self.trial.subject.dtype))[0]
        error = largest(self.trial.apply(OTHER[direction], y)[0] - a)
        return bool((error <= max(1e-6, 512 * self.trial.subject.precision) * onp.maximum(1.0, largest(a))).all())

    def is_kink(self, join):
        """Whether log_det may jump here: kinks are declared, or the map is piecewise linear around it."""
        return self.trial.subject.smooth is False or max(self.sides(join)) < 1e-9


def _along(line, known, n=601, reach=12.0):
    t = onp.linspace(-reach, reach, n) + 1e-3
    try:
        values = line.values(t)
    except REFUSALS as error:
        words = f"{line.direction} raises {said(error)}"
        return line.fails(words, Symptom.RAISES, t[:1], raised_by=kind_of(error), function=line.direction)
    nan = onp.isnan(values).any(axis=1)
    if nan.any() and not bounded(line.trial.subject.ends(line.direction)) and not _overflows(line, t, values):
        row = int(onp.argmax(nan))
        return line.fails(f"{line.direction} is NaN", Symptom.NOT_FINITE, t, row, yours=values[row])
    columns = range(0 if known else values.shape[1])
    jumps = ((column, join) for column in columns for join in _jumps(line, t, values, column))
    return next((_jump(line, *jump) for jump in jumps if not _excused(line, *jump)), SOUND)


def _overflows(line, t, values):
    """Whether the numbers leave the range of the dtype wherever they stop to be finite: inf - inf is an honest NaN."""
    finite, limit = onp.isfinite(values).all(axis=1), float(onp.finfo(line.trial.subject.dtype).max) ** 0.4
    ends = [(k, k + 1) if finite[k] else (k + 1, k) for k in onp.flatnonzero(finite[1:] != finite[:-1])]
    return bool(ends) and all(onp.abs(_last_finite(line, t[a], t[b])).max() > limit for a, b in ends)


def _last_finite(line, good, bad, halvings=40):
    """The values at the last place from `good` to `bad` that has finite ones."""
    for _ in range(halvings):
        middle = 0.5 * (good + bad)
        good, bad = (middle, bad) if onp.isfinite(line.values(middle)).all() else (good, middle)
    return line.values(good)


def _excused(line, column, join):
    return line.is_rounded(join) or (column == line.trial.subject.dim and line.is_kink(join)) or line.is_cut(join)


def _jump(line, column, join):
    is_log_det = column == line.trial.subject.dim
    symptom = Symptom.DERIVATIVE_JUMPS if is_log_det else Symptom.JUMP
    words = "log_det jumps: the derivative has two values" if is_log_det else f"{line.direction} jumps"
    before, after = (float(line.values(join + side)[0, column]) for side in (-1e-8, 1e-8))
    numbers = {"yours": after, "expected": before, "sides": line.sides(join), "function": line.direction}
    return line.fails(words, symptom, onp.array([join]), **numbers)


# --- the search for jumps ---


def _jumps(line, t, values, column):
    """Places where one value still jumps between neighbouring numbers."""
    v = values[:, column]
    least = max(1e-6, 512 * line.trial.subject.precision)  # a smaller step may be rounding
    ends = _ends_of_constants(line, t, v, least) if column == line.trial.subject.dim else []
    return sorted(_steep_jumps(line, t, v, column, least) + ends, key=abs)


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
