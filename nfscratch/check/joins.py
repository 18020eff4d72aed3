"""Joins: where one formula hands over to the next. A part of check E.

Along lines through a layer, forward and inverse: no NaN, x never jumps, and log_det, the logarithm of a derivative,
jumps only where the map is piecewise linear (leaky ReLU, a linear spline).

A join is found by halving: the interval of a line on which a value changes most, until 1e-9 of it is left, and then
until no number lies between: a spline's slope of 1000 beside one of 0.001 changes log_det within 1e-11, and is no jump.
"""

from __future__ import annotations

from functools import partial

import numpy as onp

from nfscratch.check.finding import Finding
from nfscratch.check.intervals import bounded, into
from nfscratch.check.looks import failing, first_failure
from nfscratch.check.trial import Trial, flat

WHAT = "0, +-eps, +-1e3, N = 0 and 1, joins"
NOTHING = Finding("E", WHAT, 0.0, 0.0)
REFUSALS = (ValueError, ArithmeticError, IndexError, onp.linalg.LinAlgError)
_fails = partial(failing, "E", WHAT)


def check_joins(trial: Trial, rng: onp.random.Generator) -> Finding:
    """Along lines, in each layer by itself: there its kinks are its own."""
    layers = trial.subject.layers() or [trial.subject]
    # In float32 a steep spot cannot be told from a jump: there the same map in float64 is asked.
    known = trial.twin is not None
    ways = [(Trial(layer, trial.z[:1]), direction, known) for layer in layers for direction in ("forward", "inverse")]
    return first_failure((partial(_scan, *way, rng) for way in ways), NOTHING)


def _scan(trial, direction, known, rng, n=601, reach=12.0):
    s = trial.subject
    ends = s.domain if direction == "forward" else s.codomain
    for j in {0, s.dim - 1}:
        start = rng.normal(size=s.dim)

        def line(t, j=j, start=start):
            a = onp.tile(start, (len(t), 1))
            a[:, j] = t
            shape = s.in_shape if direction == "forward" else s.out_shape
            return into(ends, a).reshape(-1, *shape).astype(s.dtype)

        finding = _along(trial, direction, line, onp.linspace(-reach, reach, n) + 1e-3, known)
        if not finding.ok:
            return finding
    return NOTHING


def _along(trial, direction, line, t, known):
    symbol = "z" if direction == "forward" else "x"
    try:
        y, log_det = trial.apply(direction, line(t))
    except REFUSALS as error:
        return _fails(f"{direction} raises {type(error).__name__}: {error}", "raises", symbol, line(t[:1]), 0)
    values = onp.concatenate([flat(y), log_det[:, None]], axis=1)
    nan = onp.isnan(values).any(axis=1)
    if nan.any() and not bounded(trial.subject.codomain if symbol == "x" else trial.subject.domain):
        row = int(onp.argmax(nan))
        return _fails(f"{direction} is NaN", "not finite", symbol, line(t), row, yours=values[row])
    for column in range(0 if known else values.shape[1]):
        for join in _jumps(trial, direction, line, t, values, column):
            is_log_det = column == values.shape[1] - 1
            if is_log_det and (trial.subject.smooth is False or _flat_beside(trial, direction, line, join)):
                continue
            kind = "derivative jumps" if is_log_det else "jumps"
            words = "log_det jumps: the derivative has two values" if is_log_det else f"{direction} jumps"
            before, after = (_at(trial, direction, line, join + side)[0, column] for side in (-1e-8, 1e-8))
            return _fails(
                words, kind, symbol, line(onp.array([join])), 0, yours=float(after), expected=float(before),
                sides=_sides(trial, direction, line, join), direction=direction,
            )  # fmt: skip
    return NOTHING


def _at(trial, direction, line, t):
    y, log_det = trial.apply(direction, line(onp.atleast_1d(t)))
    return onp.concatenate([flat(y), log_det[:, None]], axis=1)


def _jumps(trial, direction, line, t, values, column):
    """Places where one value changes by as much as ever between neighbouring numbers."""
    v = values[:, column]
    with onp.errstate(all="ignore"):
        step = onp.abs(onp.diff(v))
    step = onp.where(onp.isfinite(step), step, 0.0)
    beside = onp.maximum(onp.concatenate([[0.0], step[:-1]]), onp.concatenate([step[1:], [0.0]]))
    score = step - 1.5 * beside
    tops = onp.argsort(score)[::-1][:8]
    least = max(1e-6, 512 * trial.subject.eps)  # less may be rounding: in float32 that of numbers on the way
    tops = tops[score[tops] > least * onp.maximum(1.0, onp.abs(v[tops]))]
    if len(tops) == 0:
        return []
    low, high, first = t[tops], t[tops + 1], step[tops]
    v_low, v_high = v[tops], v[tops + 1]
    still = onp.ones(len(tops), dtype=bool)
    for halvings in (25, 19):  # a billionth of the step, and then the distance of neighbouring numbers
        if not still.any():
            return []
        low, high, v_low, v_high, first = (a[still] for a in (low, high, v_low, v_high, first))
        for _ in range(halvings):
            middle = 0.5 * (low + high)
            v_mid = _at(trial, direction, line, middle)[:, column]
            left = onp.abs(v_mid - v_low) >= onp.abs(v_high - v_mid)
            low, v_low = onp.where(left, low, middle), onp.where(left, v_low, v_mid)
            high, v_high = onp.where(left, middle, high), onp.where(left, v_mid, v_high)
        with onp.errstate(all="ignore"):
            still = onp.abs(v_high - v_low) > onp.maximum(0.05 * first, least * onp.maximum(1.0, onp.abs(v_low)))
    return sorted((0.5 * (low + high))[still].tolist(), key=abs)


def _sides(trial, direction, line, join, reach=2e-3):
    """How much log_det changes just before and just after the join."""
    t = join + onp.array([-2, -1, 1, 2]) * reach
    log_det = _at(trial, direction, line, t)[:, -1]
    return abs(log_det[1] - log_det[0]), abs(log_det[3] - log_det[2])


def _flat_beside(trial, direction, line, join):
    """Piecewise linear: log_det is constant on both sides."""
    return max(_sides(trial, direction, line, join)) < 1e-9
