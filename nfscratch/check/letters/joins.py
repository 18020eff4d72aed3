"""Joins: where one formula hands over to the next. A companion of E.

Along lines through a layer, forward and inverse: no NaN, x never jumps, and log_det, the logarithm of a derivative,
jumps only at a kink that is meant (kinks.py), or where the map is cut and glued: a shift of a circle jumps from 1 to 0,
and every x between is reached from elsewhere, every z beside it comes back.

Halving finds a join: the interval of a line on which a value changes most, until 1e-9 of it is left, and then until no
number lies between. A spline's slope of 1000 beside one of 0.001 changes log_det within 1e-11, and is no jump.
Where log_det is constant up to a place, and moves after it, that place is a join: a spline meets its straight tails
there. It is halved by itself, because a slope of 0.999 beside one of 1 is a small jump, which nothing else shows.
What is as steep at the next numbers of the dtype is no jump: nothing tells the two apart there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as onp

from nfscratch.check.domains import bounded, ends_of, into
from nfscratch.check.finding import Finding, Symptom
from nfscratch.check.guarded import kind_of, said
from nfscratch.check.judging import failing, first_failure
from nfscratch.check.letters.jumps import jumps
from nfscratch.check.letters.kinks import REFUSALS, is_kink, sides, told_of
from nfscratch.check.rows import condition, flat, largest
from nfscratch.check.trial import OTHER, SYMBOL, K, Trial
from nfscratch.check.units import units_of
from nfscratch.ops.intervals import REALS

AT_EDGES = "0, +-eps, +-1e3, N = 0 and 1, joins"
SOUND = Finding("E", AT_EDGES, 0.0, 0.0)
SHARES = onp.linspace(0.03, 0.97, 9)  # of a jump
FARTHEST = 10.0
LEAST = 1e-6
SIDES = onp.array([-1e-8, 1e-8])  # of a join
BESIDE = 0.05  # of a jump; where the next steps are larger, it is none


def check_joins(trial: Trial, rng: onp.random.Generator) -> Finding:
    """Along lines, in each layer by itself, where its kinks are its own."""
    # In float32 a steep spot cannot be told from a jump: there the same map in float64 is asked.
    known = trial.twin is not None
    ways = [(layer, direction) for layer in _by_themselves(trial) for direction in _directions(layer.subject)]
    return first_failure((partial(_scan, *way, known, rng, bool(trial.subject.pairs)) for way in ways), SOUND)


def _by_themselves(trial):
    """A trial of each layer, or of the whole where there are none. Layers of a user do not say which points they take:
    they get those to which the layers before carry z."""
    if trial.subject.pairs:
        return trial.layers
    return [Trial(layer, trial.z) for layer in trial.subject.layers() or [trial.subject]]


def _directions(layer):
    """A line of x may leave a codomain that is not known, and log_det is -inf outside: that is no join."""
    return ("forward", "inverse") if layer.codomain_known else ("forward",)


def _scan(trial, direction, known, rng, layer):
    """The first and the last variable, each along one line, which has one context."""
    units = units_of(trial, direction) if direction == "inverse" or layer else (0.0, 1.0)
    box = _box(trial, direction) if layer else REALS
    one = Trial(trial.subject.at([0]), trial.z[:1])
    columns = {0, trial.subject.dim - 1}
    lines = ((j, rng.normal(size=trial.subject.dim)) for j in columns)
    return first_failure(
        (partial(_along, _Line(one, direction, j, start, units, box), known) for j, start in lines), SOUND
    )


def _box(trial, direction):
    """Between which numbers the points lie that a direction meets, variable by variable."""
    a = flat(trial.input(direction))
    a = a[onp.isfinite(a).all(axis=1)]
    return (a.min(axis=0), a.max(axis=0)) if len(a) else REALS


@dataclass
class _Line:
    """One direction of a trial with variable j moved along a line through `start`."""

    trial: Trial
    direction: str
    j: int
    start: Any
    units: tuple[Any, Any]
    box: tuple[Any, Any] = REALS  # beyond it the line goes on along its sides

    @property
    def least(self) -> float:
        """Of what a jump is: a smaller step may be rounding."""
        return max(1e-6, 512 * self.trial.subject.precision)

    def points(self, t):
        """The inputs at the places t of the line."""
        s, a = self.trial.subject, onp.tile(self.start, (len(t), 1))
        a[:, self.j] = t
        a = onp.clip(self.units[0] + self.units[1] * into(s.ends(self.direction), a), *self.box)
        return a.reshape(-1, *s.shape(self.direction)).astype(s.dtype)

    def values(self, t):
        """(T, D + 1): the result and its log_det."""
        return self.value_at(self.points(onp.atleast_1d(t)))

    def value_at(self, points):
        y, log_det = self.trial.apply(self.direction, points)
        return onp.concatenate([flat(y), log_det[:, None]], axis=1)

    def fails(self, words, symptom, t, row=0, **numbers):
        return failing("E", AT_EDGES, words, symptom, SYMBOL[self.direction], self.points(t), row, **numbers)

    def is_steep(self, column, join):
        """Whether the value goes in as large steps beside the join, from one number of this dtype to the next.

        A bin of a spline can end with a slope of 1000 that comes down to 1 within a few numbers of float32. And where
        another variable's next number changes the value by as much, rounding inside of the layer does so, too.
        """
        there = self.points(onp.array([join]))
        rows = onp.concatenate([_numbers_around(there, i) for i in range(self.trial.subject.dim)])
        try:
            v = self.value_at(rows)[:, column].reshape(self.trial.subject.dim, -1)
        except REFUSALS:  # the domain ends here
            return False
        step = onp.sort(onp.abs(onp.diff(v)), axis=1)  # a jump is the largest of one variable, and no more than one
        jump, beside = step[self.j, -1], step[:, -2].max()
        return bool(jump > self.least * max(1.0, float(onp.abs(v).max())) and beside > BESIDE * jump)

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
        before, after = self.values(join + SIDES)[:, :-1]
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


def _numbers_around(point, j, n=4):
    """A point with variable j at the n numbers before its own, at its own, and at the n after it."""
    rows = onp.repeat(point.reshape(1, -1), 2 * n + 1, axis=0)
    for k in range(n):
        rows[n + k + 1 :, j] = onp.nextafter(rows[n + k, j], rows.dtype.type(onp.inf))
        rows[: n - k, j] = onp.nextafter(rows[n - k, j], rows.dtype.type(-onp.inf))
    return rows.reshape(-1, *point.shape[1:])


def _along(line, known, n=601, reach=12.0):
    t = onp.linspace(-reach, reach, n) + 1e-3
    try:
        values = line.values(t)
    except REFUSALS as error:
        words = f"{line.direction} raises {said(error)}"
        return line.fails(words, Symptom.RAISES, t[:1], raised_by=kind_of(error), function=line.direction)
    nan, ends = onp.isnan(values).any(axis=1), ends_of(line.trial.subject.ends(line.direction), line.j)
    if nan.any() and not bounded(ends) and not _overflows(line, t, values):
        row = int(onp.argmax(nan))
        return line.fails(f"{line.direction} is NaN", Symptom.NOT_FINITE, t, row, yours=values[row])
    columns = range(0 if known else values.shape[1])
    found = [(column, join) for column in columns for join in jumps(line, t, values, column)]
    wrong = next((jump for jump in found if not _excused(line, *jump)), None)
    return _jump(line, *wrong) if wrong else replace(SOUND, why=_told(line, found))


def _told(line, found):
    kinks = [join for column, join in found if column == line.trial.subject.dim and not line.is_rounded(join)]
    return next((words for words in (told_of(line, join) for join in kinks) if words), "")


def _overflows(line, t, values):
    """Whether the numbers leave the range of the dtype wherever they stop to be finite: inf - inf is an honest NaN."""
    finite, limit = onp.isfinite(values).all(axis=1), float(onp.finfo(line.trial.subject.dtype).max) ** 0.4
    ends = [(k, k + 1) if finite[k] else (k + 1, k) for k in onp.flatnonzero(finite[1:] != finite[:-1])]
    ways = [(line.values, t[a], t[b]) for a, b in ends] or _ways_to(line, t[[0, len(t) // 2, -1]])
    return bool(ways) and all(onp.abs(_last_finite(*way)).max() > limit for way in ways)


def _ways_to(line, t):
    """From a point that the map meets, where it has finite values, to these places of a line that has none at all."""
    met = line.trial.input(line.direction)
    known = met if len(met) and onp.isfinite(line.value_at(met)).all() else met[:0]
    return [(line.value_at, known, line.points(onp.array([place]))) for place in t if len(known)]


def _last_finite(values, good, bad, halvings=60):
    """The values at the last place, or point, from `good` to `bad` that has finite ones."""
    for _ in range(halvings):
        middle = 0.5 * (good + bad)
        good, bad = (middle, bad) if onp.isfinite(values(middle)).all() else (good, middle)
    return values(good)


def _excused(line, column, join):
    if line.is_rounded(join) or line.is_steep(column, join):
        return True
    return (column == line.trial.subject.dim and is_kink(line, join)) or line.is_cut(join)


def _jump(line, column, join):
    is_log_det = column == line.trial.subject.dim
    symptom = Symptom.DERIVATIVE_JUMPS if is_log_det else Symptom.JUMP
    words = "log_det jumps: the derivative has two values" if is_log_det else f"{line.direction} jumps"
    before, after = (float(v) for v in line.values(join + SIDES)[:, column])
    numbers = {"yours": after, "expected": before, "sides": sides(line, join), "function": line.direction}
    return line.fails(words, symptom, onp.array([join]), **numbers)
