"""E: where formulas change hands. Zero, the last digits, far out, whole numbers, empty batches, and joins.

    points    0, +-eps, +-1e-8, +-1e3 (carried into the domain), the whole numbers where boxes and knots end: both
              directions finite, the round trip and the log-dets as everywhere, and log_det the logarithm of the slope
              wherever finite differences can tell
    batches   N = 0, N = 1, all rows near 0, all rows far out
    joins     no jump where one formula hands over to the next: joins.py

Beyond |z| = 100 a search for an inverse may decline in words (InversionError). It may not answer wrongly.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as onp

from nfscratch.check.finding import Finding
from nfscratch.check.intervals import bounded, inside, into
from nfscratch.check.joins import NOTHING, REFUSALS, WHAT, check_joins
from nfscratch.check.laws import check_jacobian
from nfscratch.check.looks import failing, first_failure
from nfscratch.check.onto import overflows
from nfscratch.check.trial import Trial, flat, largest
from nfscratch.ops.roots import InversionError

FAR = 100.0
WHOLE = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
_fails = partial(failing, "E", WHAT)


def check_edges(trial: Trial, rng: onp.random.Generator) -> Finding:
    """E."""
    looks = (lambda: _batches(trial), lambda: _points(trial, rng), lambda: check_joins(trial, rng))
    return first_failure(looks, NOTHING)


# --- batches ---


def _batches(trial):
    s = trial.subject
    for n in (0, 1):
        for direction, a, shape in (("forward", trial.z[:n], s.out_shape), ("inverse", trial.x[:n], s.in_shape)):
            try:
                with onp.errstate(all="ignore"):
                    y, log_det = getattr(s, direction)(a.copy())
            except Exception as error:  # the subject's own: any kind
                words = f"{direction} of a batch of {n} raises {type(error).__name__}: {error}"
                return _fails(words, "batch raises", "z", trial.z[:n], 0, size=n)
            if onp.shape(y) != (n, *shape) or onp.shape(log_det) != (n,):
                words = f"{direction} of a batch of {n} gives shapes {onp.shape(y)} and {onp.shape(log_det)}"
                return _fails(words, "batch", "z", trial.z[:n], 0)
    return None


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
    z = edge_points(trial.subject, rng)
    s = trial.subject.at(onp.arange(len(z)))
    answered = onp.flatnonzero(~_declined(s, z))
    z, s = z[answered], s.at(answered)
    for group in (onp.arange(len(z)), onp.flatnonzero(largest(z) < 0.5), onp.flatnonzero(largest(z) > 20)):
        if len(group) and (refused := _refusal(s.at(group), z[group])) is not None:
            return refused
    edge = Trial(s, z, limit=1e-3)
    return first_failure((lambda: _finite(edge), lambda: _consistent(edge), lambda: _slopes(edge)), NOTHING)


def _declined(s, z):
    """Rows far out for which the inverse says in words that it does not reach its residual."""
    declined = onp.zeros(len(z), dtype=bool)
    far = onp.flatnonzero(largest(z) >= FAR)
    for rows in [far] if not _declines(s, z, far) else [[k] for k in far]:
        declined[rows] = _declines(s, z, rows)
    return declined


def _declines(s, z, rows):
    try:
        s.at(rows).inverse(s.at(rows).forward(z[rows])[0])
    except InversionError:
        return True
    except Exception:  # of another kind: for _refusal
        return False
    return False


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
            if len(z) > 1 and (alone := _refusal(s.at([row]), z[row : row + 1])) is not None:
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
    z, log_det = edge.apply("inverse", edge.x[good], onp.flatnonzero(good))
    bad = ~(onp.isfinite(flat(z)).all(axis=1) & onp.isfinite(log_det))
    if not bad.any():
        return None
    row = int(onp.argmin(onp.where(bad, largest(edge.x[good]), onp.inf)))
    return _fails("inverse is not finite", "not finite", "x", edge.x[good], row, yours=flat(z)[row])


def _consistent(edge):
    """R and X at the edges. On a kink log_det has two values: what it changes by beside it is allowed, and 1 %."""
    # Some digits away, or a knot that the map looks for in other units (as a share of a box) is not passed.
    step = onp.maximum(1e-7, 32 * edge.subject.eps * onp.maximum(1.0, onp.abs(edge.z)))
    near = [edge.apply("forward", (edge.z + d).astype(edge.subject.dtype))[1] for d in (step, -step)]
    good = edge.usable & onp.isfinite(edge.allowed) & (edge.allowed < 1e-3 * onp.maximum(1.0, largest(edge.z)))
    with onp.errstate(all="ignore"):
        error = largest(flat(edge.back[0]) - flat(edge.z))
        sums = onp.abs(edge.there[1] + edge.back[1])
        rounding = 64 * edge.subject.eps * onp.abs(edge.there[1])
        slack = edge.allowed_log_det + 1.01 * onp.abs(near[0] - near[1]) + rounding
    slack = onp.where(onp.isnan(slack), onp.inf, slack)
    for bad, words, kind, yours, expected in (
        (~(error <= edge.allowed), "inverse(forward(z)) is not z", "round trip", flat(edge.back[0]), flat(edge.z)),
        (~(sums <= slack), "the log-dets do not cancel", "log_det", edge.back[1], -edge.there[1]),
    ):
        if (good & bad).any():
            row = int(onp.argmin(onp.where(good & bad, largest(edge.z), onp.inf)))
            return _fails(words, kind, "z", edge.z, row, yours=yours[row], expected=expected[row])
    return None


def _slopes(edge):
    """J at the edges."""
    if edge.subject.dtype == onp.float32:  # too few digits for a difference
        return None
    for direction in ("forward", "inverse"):
        finding = check_jacobian(edge, direction)
        if finding.failed:
            e = finding.evidence
            words, row = f"log_det {direction} is not the logarithm of the slope", e["row"]
            numbers = {"yours": e["yours"][row], "expected": e["expected"][row], "direction": direction}
            return _fails(words, "slope", e["symbol"], e[e["symbol"]], row, far=largest(edge.z)[row] >= FAR, **numbers)
    return None
