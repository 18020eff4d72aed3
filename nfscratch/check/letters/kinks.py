"""Kinks: where log_det may jump, because the map bends there on purpose. A companion of E's joins.

declared         smooth=False
straight         log_det is constant on both sides, along some variable: leaky ReLU, a linear spline
of its own       log_det is the logarithm of the slope on each side: an ELU, a map that leaves a ball; the report tells

A spline whose slopes do not meet at its knots or at its box has right slopes on both sides, too, and is a mistake all
the same. So in an interval, and between two tails of one and the same slope, no kink is its own.
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.check.domains import ends_of
from nfscratch.check.judging import point
from nfscratch.check.rows import flat
from nfscratch.check.trial import OTHER, SYMBOL

STRAIGHT = 1e-9  # a change of log_det that is none
REACHES = (2e-3, 2e-4)  # of a look at both sides of a join; the shorter, because another kink may lie close
BESIDE = onp.array([-2.0, -1.0, 1.0, 2.0])
TAIL = onp.array([10.0, 11.0, 12.0])  # where a spline has ended
# Where the slope of one side is taken, and with which difference.
PLACES = {onp.dtype("float64"): (2e-3, 1e-5), onp.dtype("float32"): (3e-2, 1e-2)}
RIGHT = 0.02  # how far a log_det may be off that slope's
UNMOVED = 1e-4  # of a step: a tail of the identity
REFUSALS = (ValueError, ArithmeticError, IndexError, onp.linalg.LinAlgError)


def is_kink(line: Any, join: float) -> bool:
    """Whether log_det may jump here. (A line of joins.py, and a place on it.)"""
    return _is_meant(line, join) or is_its_own(line, join)


def _is_meant(line, join):
    if line.trial.subject.smooth is False or max(sides(line, join)) < STRAIGHT:
        return True
    return any(_is_knot_of(line, k, join) for k in range(line.trial.subject.dim) if k != line.j)


def is_its_own(line: Any, join: float) -> bool:
    """Whether log_det is right on both sides of a jump, and no box says that a spline should meet there."""
    return not _is_box(line) and _has_its_slopes(line, join)


def told_of(line: Any, join: float) -> str:
    """What a report says of a kink that is its own."""
    if _is_meant(line, join) or not is_its_own(line, join):
        return ""
    at = point(SYMBOL[line.direction], line.points(onp.array([join])), 0)
    return f"log_det jumps at {at}, and is right on both sides: a kink, if one is meant"


def sides(line: Any, join: float) -> tuple[float, float]:
    """How much log_det changes just before and just after the join, where it changes least: kinks may lie close."""
    log_det = [line.values(join + BESIDE * reach)[:, -1] for reach in REACHES]
    return min(abs(v[1] - v[0]) for v in log_det), min(abs(v[3] - v[2]) for v in log_det)


def _is_knot_of(line, k, join):
    """Whether log_det is constant along variable k on both sides of the join, and jumps between.

    A piecewise linear map of another variable, whose knots lie where this one says, jumps along both.
    """
    return any(_is_knot_within(line, reach, k, join) for reach in REACHES)


def _is_knot_within(line, reach, k, join):
    rows = onp.repeat(flat(line.points(onp.array([join]))), 4, axis=0)
    scale = onp.broadcast_to(line.units[1], rows.shape[1:])[k]
    rows[:, k] += reach * scale * BESIDE
    try:
        v = line.value_at(rows.reshape(-1, *line.trial.subject.shape(line.direction)))[:, -1]
    except REFUSALS:  # the domain ends here
        return False
    return max(abs(v[1] - v[0]), abs(v[3] - v[2])) < STRAIGHT and abs(v[2] - v[1]) > line.least


def _is_box(line):
    """Whether the map lives in an interval, or is the identity beyond both ends of one, as a spline is."""
    if any(onp.isfinite(ends_of(line.trial.subject.ends(direction), line.j)).all() for direction in OTHER):
        return True
    tails = onp.concatenate([-TAIL, TAIL])
    values, points = line.values(tails), flat(line.points(tails))
    moved = onp.abs(onp.diff(values[:, :-1], axis=0)).sum(axis=1) - onp.abs(onp.diff(points, axis=0)).sum(axis=1)
    return bool(onp.ptp(values[:, -1]) < STRAIGHT and (onp.abs(onp.delete(moved, len(TAIL) - 1)) < UNMOVED).all())


def _has_its_slopes(line, join):
    """Whether log_det is the logarithm of |det J| on each side of the join, J by differences that do not cross it."""
    s = line.trial.subject
    near, step = PLACES[onp.dtype(s.dtype)]
    beside = flat(line.points(join + onp.array([-near, near])))
    step = step * onp.broadcast_to(line.units[1], beside.shape[1:])
    moves = onp.stack([sign * onp.diag(step) for sign in (1.0, -1.0)])
    rows = (beside[:, None, None, :] + moves).reshape(-1, *s.shape(line.direction))
    try:
        y = line.value_at(rows)[:, :-1].reshape(2, 2, s.dim, s.dim)
        own = line.value_at(beside.reshape(-1, *s.shape(line.direction)))[:, -1]
    except REFUSALS:  # the domain ends here
        return False
    J = (y[:, 0] - y[:, 1]) / (2 * step[:, None])
    return bool((onp.abs(onp.linalg.slogdet(J)[1] - own) < RIGHT).all())
