"""E: where formulas change hands. Zero, the last digits, far out, whole numbers, empty batches, and joins.

    points    0, +-eps, +-1e-8, +-1e3 (carried into the domain), the whole numbers where boxes and knots end: both
              directions finite, the round trip and the log-dets as everywhere
    batches   N = 0, N = 1, all rows near 0, all rows far out
    joins     along lines through the layer, forward and inverse: no NaN, x never jumps, and log_det, the logarithm of
              a derivative, jumps only where the map is piecewise linear (leaky ReLU, a linear spline)

A join is found by halving: the interval of a line on which a value changes most, until 1e-9 of it is left.
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.check.finding import Finding
from nfscratch.check.intervals import bounded, inside, into
from nfscratch.check.laws import point
from nfscratch.check.onto import overflows
from nfscratch.check.trial import Trial, flat, largest

WHAT = "0, +-eps, +-1e3, N = 0 and 1, joins"
WHOLE = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
REFUSALS = (ValueError, ArithmeticError, IndexError, onp.linalg.LinAlgError)


def check_edges(trial: Trial, rng: onp.random.Generator) -> Finding:
    """E."""
    looks = (_batches, lambda t: _points(t, rng), lambda t: _joins(t, rng))
    for look in looks:
        finding = look(trial)
        if not finding.ok:
            return finding
    return Finding("E", WHAT, 0.0, 0.0)


def _fails(words, kind, symbol, points, row, **numbers):
    evidence = {"kind": kind, symbol: flat(points), "row": row, "symbol": symbol, **numbers}
    where = f" at {point(symbol, points, row)}" if len(points) else ""
    return Finding("E", WHAT, 1.0, 0.0, f"{words}{where}", evidence=evidence)


# --- batches ---


def _batches(trial):
    s = trial.subject
    for n in (0, 1):
        for direction, a, shape in (("forward", trial.z[:n], s.out_shape), ("inverse", trial.x[:n], s.in_shape)):
            try:
                with onp.errstate(all="ignore"):
                    y, log_det = getattr(s, direction)(a.copy())
            except REFUSALS + (TypeError,) as error:
                words = f"{direction} of a batch of {n} raises {type(error).__name__}: {error}"
                return _fails(words, "batch", "z", trial.z[:n], 0)
            if onp.shape(y) != (n, *shape) or onp.shape(log_det) != (n,):
                words = f"{direction} of a batch of {n} gives shapes {onp.shape(y)} and {onp.shape(log_det)}"
                return _fails(words, "batch", "z", trial.z[:n], 0)
    return Finding("E", WHAT, 0.0, 0.0)


# --- points ---


def edge_points(subject: Any, rng: onp.random.Generator) -> Any:
    """Rows with every coordinate at an edge, and rows with one there and the others somewhere."""
    eps, dim = subject.eps, subject.dim
    if bounded(subject.domain):
        values = onp.array([0.0, eps, -eps, 1.0, -1.0, 3.0, -3.0, 6.0, -6.0])
    else:
        values = onp.array([0.0, eps, -eps, 1e-8, -1e-8, 1e3, -1e3, *WHOLE, *(-v for v in WHOLE)])
    rows = [onp.full((1, dim), v) for v in values]
    rows += [_with(rng.normal(size=(1, dim)), v, j) for v in values for j in {0, dim - 1} if dim > 1]
    rows += [0.05 * rng.normal(size=(2, dim)), (3.0 if bounded(subject.domain) else 50.0) * rng.normal(size=(2, dim))]
    z = into(subject.domain, onp.concatenate(rows))
    return z.reshape(-1, *subject.in_shape).astype(subject.dtype)


def _with(row, value, j):
    row[:, j] = value
    return row


def _points(trial, rng):
    s = trial.subject
    z = edge_points(s, rng)
    for group in (onp.arange(len(z)), onp.arange(len(z) - 4, len(z) - 2), onp.arange(len(z) - 2, len(z))):
        refused = _refusal(s, z[group])
        if refused is not None:
            return refused
    edge = Trial(s, z)
    return _finite(edge) or _consistent(edge)


def _refusal(s, z):
    """Both directions on a group of points; where they raise, on each point alone to say which."""
    try:
        with onp.errstate(all="ignore"):
            x = onp.asarray(s.forward(z.copy())[0])
            good = onp.isfinite(flat(x)).all(axis=1) & inside(s.codomain, x)
            s.inverse(x[good].copy())
        return None
    except REFUSALS as error:
        for row in range(len(z)):
            if len(z) > 1 and (alone := _refusal(s, z[row : row + 1])) is not None:
                return alone
        return _fails(f"{type(error).__name__}: {error}", "raises", "z", z, 0)


def _finite(edge):
    """The first row that is not finite, and not for honest overflow; None where all are."""
    x, log_det = edge.there
    bad = ~(onp.isfinite(flat(x)).all(axis=1) & onp.isfinite(log_det))
    excused = overflows(edge, edge.z, "forward") if bad.any() else bad
    # A log_det of a tiny or huge derivative is still an ordinary number: exp(-1000) is 0, log of it was -1000.
    bad &= ~excused
    if bad.any():
        row = int(onp.argmin(onp.where(bad, largest(edge.z), onp.inf)))
        return _fails("forward is not finite", "not finite", "z", edge.z, row, yours=flat(x)[row], log_det=log_det[row])
    good = edge.usable
    z, log_det = edge.apply("inverse", edge.x[good])
    bad = ~(onp.isfinite(flat(z)).all(axis=1) & onp.isfinite(log_det))
    if not bad.any():
        return None
    row = int(onp.argmin(onp.where(bad, largest(edge.x[good]), onp.inf)))
    return _fails("inverse is not finite", "not finite", "x", edge.x[good], row, yours=flat(z)[row])


def _consistent(edge):
    """R and X at the edges. On a kink log_det has two values: what it changes by beside the point is allowed."""
    near = [edge.apply("forward", (edge.z + d).astype(edge.subject.dtype))[1] for d in (1e-7, -1e-7)]
    good = edge.usable & onp.isfinite(edge.allowed) & (edge.allowed < 1e-3 * onp.maximum(1.0, largest(edge.z)))
    with onp.errstate(all="ignore"):
        error = largest(flat(edge.back[0]) - flat(edge.z))
        sums = onp.abs(edge.there[1] + edge.back[1])
        slack = edge.allowed_log_det + onp.abs(near[0] - near[1]) + 64 * edge.subject.eps * onp.abs(edge.there[1])
    slack = onp.where(onp.isnan(slack), onp.inf, slack)
    for bad, words, kind, yours, expected in (
        (~(error <= edge.allowed), "inverse(forward(z)) is not z", "round trip", flat(edge.back[0]), flat(edge.z)),
        (~(sums <= slack), "the log-dets do not cancel", "log_det", edge.back[1], -edge.there[1]),
    ):
        if (good & bad).any():
            row = int(onp.argmin(onp.where(good & bad, largest(edge.z), onp.inf)))
            return _fails(words, kind, "z", edge.z, row, yours=yours[row], expected=expected[row])
    return Finding("E", WHAT, 0.0, 0.0)


# --- joins ---


def _joins(trial, rng):
    """Along lines, in each layer by itself: there its kinks are its own."""
    layers = trial.subject.layers() or [trial.subject]
    for layer in layers:
        for direction in ("forward", "inverse"):
            finding = _scan(Trial(layer, trial.z[:1]), direction, rng)
            if not finding.ok:
                return finding
    return Finding("E", WHAT, 0.0, 0.0)


def _scan(trial, direction, rng, n=601, reach=12.0):
    s = trial.subject
    ends = s.domain if direction == "forward" else s.codomain
    for j in {0, s.dim - 1}:
        start = rng.normal(size=s.dim)

        def line(t, j=j, start=start):
            a = onp.tile(start, (len(t), 1))
            a[:, j] = t
            shape = s.in_shape if direction == "forward" else s.out_shape
            return into(ends, a).reshape(-1, *shape).astype(s.dtype)

        finding = _along(trial, direction, line, onp.linspace(-reach, reach, n) + 1e-3)
        if not finding.ok:
            return finding
    return Finding("E", WHAT, 0.0, 0.0)


def _along(trial, direction, line, t):
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
    for column in range(values.shape[1]):
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
    return Finding("E", WHAT, 0.0, 0.0)


def _at(trial, direction, line, t):
    y, log_det = trial.apply(direction, line(onp.atleast_1d(t)))
    return onp.concatenate([flat(y), log_det[:, None]], axis=1)


def _jumps(trial, direction, line, t, values, column):
    """Places where one value changes by as much as ever on a billionth of the step."""
    v = values[:, column]
    with onp.errstate(all="ignore"):
        step = onp.abs(onp.diff(v))
    step = onp.where(onp.isfinite(step), step, 0.0)
    beside = onp.maximum(onp.concatenate([[0.0], step[:-1]]), onp.concatenate([step[1:], [0.0]]))
    score = step - 1.5 * beside
    tops = onp.argsort(score)[::-1][:8]
    tops = tops[score[tops] > 1e-6 * onp.maximum(1.0, onp.abs(v[tops]))]
    if len(tops) == 0:
        return []
    low, high, first = t[tops], t[tops + 1], step[tops]
    v_low, v_high = v[tops], v[tops + 1]
    for _ in range(25):
        middle = 0.5 * (low + high)
        v_mid = _at(trial, direction, line, middle)[:, column]
        left = onp.abs(v_mid - v_low) >= onp.abs(v_high - v_mid)
        low, v_low = onp.where(left, low, middle), onp.where(left, v_low, v_mid)
        high, v_high = onp.where(left, middle, high), onp.where(left, v_mid, v_high)
    with onp.errstate(all="ignore"):
        still = onp.abs(v_high - v_low) > onp.maximum(0.05 * first, 1e-6 * onp.maximum(1.0, onp.abs(v_low)))
    return sorted((0.5 * (low + high))[still].tolist(), key=abs)


def _sides(trial, direction, line, join, reach=2e-3):
    """How much log_det changes just before and just after the join."""
    t = join + onp.array([-2, -1, 1, 2]) * reach
    log_det = _at(trial, direction, line, t)[:, -1]
    return abs(log_det[1] - log_det[0]), abs(log_det[3] - log_det[2])


def _flat_beside(trial, direction, line, join):
    """Piecewise linear: log_det is constant on both sides."""
    return max(_sides(trial, direction, line, join)) < 1e-9
