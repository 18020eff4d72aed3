"""E: where formulas change hands. Zero, the last digits, far out, whole numbers, empty batches, and joins.

    points    0, +-eps, +-1e-8, +-1e3 (carried into the domain), the whole numbers where boxes and knots end: both
              directions finite, the round trip and the log-dets as everywhere, and log_det the logarithm of the slope
              wherever finite differences can tell
    batches   N = 0, N = 1 (small_batches.py), all rows near 0, all rows far out
    ends      no index outside of a table at the very ends of an interval: indices_at_ends.py
    joins     no jump where one formula hands over to the next: joins.py

Beyond |z| = 100 a search for an inverse may decline in words (InversionError). It may not answer wrongly, but for the
end of a wide bracket in a user's own function, which may also raise where no draw comes: out_of_reach.py.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as onp

from nfscratch.check.domains import free_variables, inside, into, spread, within_reach
from nfscratch.check.finding import Finding, Symptom
from nfscratch.check.guarded import kind_of, said
from nfscratch.check.judging import failing, first_failure
from nfscratch.check.letters.indices_at_ends import indices_at_ends
from nfscratch.check.letters.jacobian import check_jacobian
from nfscratch.check.letters.joins import AT_EDGES, REFUSALS, SOUND, check_joins
from nfscratch.check.letters.last_digits import cost_of_last_digits
from nfscratch.check.letters.out_of_reach import (
    FAR,
    ends_of_search,
    is_beyond_draws,
    is_beyond_normal,
    is_out_of_reach,
    room_of_formulas,
    room_of_log_dets,
)
from nfscratch.check.letters.small_batches import check_batches
from nfscratch.check.overflow import overflows
from nfscratch.check.rows import flat, largest, nearest
from nfscratch.check.trial import Trial
from nfscratch.ode import IntegrationError
from nfscratch.ops.roots import InversionError

WHOLE = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
COARSE = 0.5  # by how much a log_det may be off where no draw of any base comes: a quadrature ends there
_fails = partial(failing, "E", AT_EDGES)


def check_edges(trial: Trial, rng: onp.random.Generator) -> Finding:
    """E."""
    looks = (lambda: check_batches(trial), lambda: _points(trial, rng), lambda: indices_at_ends(trial))
    return first_failure((*looks, lambda: check_joins(trial, rng)), SOUND)


# --- points ---


def edge_points(subject: Any, rng: onp.random.Generator) -> Any:
    """Rows with every coordinate at an edge, and rows with one there and the others somewhere."""
    eps, dim = subject.eps, subject.dim
    free, near_ends = free_variables(subject.domain, dim).any(), [0.0, eps, -eps, 1.0, -1.0, 3.0, -3.0, 6.0, -6.0]
    values = [0.0, eps, -eps, 1e-8, -1e-8, 1e3, -1e3, *WHOLE, *(-v for v in WHOLE)] if free else near_ends
    rows = [onp.full((1, dim), v) for v in values]
    rows += [_with(rng.normal(size=(1, dim)), v, j) for v in values for j in {0, dim - 1} if dim > 1]
    rows += [0.05 * rng.normal(size=(2, dim)), spread(subject.domain, rng.normal(size=(2, dim)), 50.0, 3.0)]
    z = onp.concatenate(rows) if not free else within_reach(subject.domain, onp.concatenate(rows), max(near_ends))
    z = into(subject.domain, z)
    return z.reshape(-1, *subject.in_shape).astype(subject.dtype)


def _with(row, value, j):
    row[:, j] = value
    return row


def _points(trial, rng):
    z = edge_points(trial.subject, rng)
    s = trial.subject.at(onp.arange(len(z)))
    answered = onp.flatnonzero(~(_declined(s, z) | _raising(s, z, is_beyond_draws(s, z))))
    z, s = z[answered], s.at(answered)
    for group in (onp.arange(len(z)), onp.flatnonzero(largest(z) < 0.5), onp.flatnonzero(largest(z) > 20)):
        if len(group) and (refused := _refusal(s.at(group), z[group])) is not None:
            return refused
    edge = Trial(s, z, limit=1e-3)
    looks = (lambda: _forward_finite(edge), lambda: _inverse_finite(edge), lambda: _consistent(edge))
    return first_failure((*looks, lambda: _slopes(edge)), SOUND)


def _raising(s, z, rows):
    """Those of these rows for which one of the directions raises."""
    raising, asked = onp.zeros(len(z), dtype=bool), onp.flatnonzero(rows)
    if len(asked) and _refusal(s.at(asked), z[asked]) is not None:
        raising[asked] = [_refusal(s.at([k]), z[[k]]) is not None for k in asked]
    return raising


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
    except (InversionError, IntegrationError):
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
        alone = (_refusal(s.at([row]), z[row : row + 1]) for row in range(len(z) if len(z) > 1 else 0))
        mine = _fails(said(error), Symptom.RAISES, "z", z, 0, raised_by=kind_of(error))
        return next((finding for finding in alone if finding is not None), mine)


def _forward_finite(edge):
    """The first row where forward is not finite, and not for honest overflow; None where all are finite."""
    x, log_det = edge.there
    is_finite = onp.isfinite(flat(x)).all(axis=1)
    bad = ~(is_finite & onp.isfinite(log_det)) & ~(is_beyond_normal(edge) | (is_out_of_reach(edge) & ~is_finite))
    # A log_det of a tiny derivative is still an ordinary number: exp(-1000) is 0, log of it was -1000.
    bad &= ~(overflows(edge, edge.z, "forward") if bad.any() else bad)
    if not bad.any():
        return None
    row = nearest(bad, edge.z)
    numbers = {"yours": flat(x)[row], "log_det": log_det[row]}
    return _fails("forward is not finite", Symptom.NOT_FINITE, "z", edge.z, row, **numbers)


def _inverse_finite(edge):
    good = edge.usable & edge.recoverable & ~_is_flat(edge) & ~is_out_of_reach(edge)
    z, log_det = edge.apply("inverse", edge.x[good], onp.flatnonzero(good))
    bad = ~(onp.isfinite(flat(z)).all(axis=1) & onp.isfinite(log_det))
    if not bad.any():
        return None
    row, x = nearest(bad, edge.x[good]), edge.x[good]
    return _fails("inverse is not finite", Symptom.NOT_FINITE, "x", x, row, yours=flat(z)[row])


def _is_flat(edge):
    """Rows whose log_det says that forward leaves nothing of some direction, which the differences of J do not see.

    |det J| >= s_max s_min^(D-1) for the singular values of J, so that s_min / s_max is at most
    (|det J| / s_max^D)^(1 / (D - 1)).
    """
    dim, log_det = edge.subject.dim, edge.there[1]
    with onp.errstate(all="ignore"):
        largest_value = onp.linalg.norm(onp.nan_to_num(edge.J), axis=(1, 2))
        share = (log_det - dim * onp.log(largest_value)) / max(1, dim - 1)
    return (dim > 1) & (share < onp.log(edge.subject.eps))


def _consistent(edge):
    """R and X at the edges, for rows that are well enough conditioned."""
    wrong = _off(edge)
    for rows, symptom, yours, expected in (
        (wrong[0], Symptom.ROUND_TRIP, flat(edge.back[0]), flat(edge.z)),
        (wrong[1], Symptom.LOG_DETS, edge.back[1], -edge.there[1]),
    ):
        if rows.any():
            row = nearest(rows, edge.z)
            return _fails(symptom.value, symptom, "z", edge.z, row, yours=yours[row], expected=expected[row])
    return None


def _off(edge):
    """The rows that do not come back, and those whose log-dets do not cancel."""
    size, close = onp.maximum(1.0, largest(edge.z)), room_of_formulas(edge)
    with onp.errstate(all="ignore"):
        error = largest(flat(edge.back[0]) - flat(edge.z))
        sums = onp.abs(edge.there[1] + edge.back[1])
    judged = edge.usable & onp.isfinite(edge.allowed)
    judged &= ~ends_of_search(edge) & ~(is_out_of_reach(edge) & ~onp.isfinite(sums))

    def beyond(allowed, slack):
        good = judged & (allowed < 1e-3 * size)
        return good & ~(error <= allowed), good & ~(sums <= slack)

    allowed, slack = edge.allowed + close, _slack_on_kinks(edge) + close / size
    wrong = beyond(allowed, slack)
    if not any(rows.any() for rows in wrong):  # the last digits are not asked: that takes as long as all other looks
        return wrong
    with onp.errstate(all="ignore"):
        cost, cost_of_sum = cost_of_last_digits(edge)
        slack = _slack_on_kinks(edge) + room_of_log_dets(edge)
    return beyond(onp.fmax(allowed, cost), onp.fmax(slack, cost_of_sum))


def _slack_on_kinks(edge):
    """On a kink log_det has two values: the check allows the change of log_det beside it, and 1 %."""
    # Some digits away, or a knot that the map looks for in other units (as a share of a box) is not passed.
    step = onp.maximum(1e-7, 32 * edge.subject.precision * onp.maximum(1.0, onp.abs(edge.z)))
    near = [edge.apply("forward", (edge.z + d).astype(edge.subject.dtype))[1] for d in (step, -step)]
    with onp.errstate(all="ignore"):
        rounding = 64 * edge.subject.precision * onp.abs(edge.there[1])
        slack = edge.allowed_log_det + 1.01 * onp.abs(near[0] - near[1]) + rounding
    return onp.where(onp.isnan(slack), onp.inf, slack)


def _slopes(edge):
    """J at the edges."""
    if edge.subject.dtype == onp.float32:  # too few digits for a difference
        return None
    far, goes_on = is_beyond_normal(edge), ~ends_of_search(edge)
    for rows, least in ((~far & goes_on, 0.0), (far & goes_on, COARSE)):
        for direction in ("forward", "inverse") if rows.any() else ():
            finding = check_jacobian(_rows_of(edge, rows), direction)
            if finding.failed and finding.error > least:
                return _slope(_rows_of(edge, rows), direction, finding)
    return None


def _rows_of(edge, rows):
    rows = onp.flatnonzero(rows)
    return Trial(edge.subject.at(rows), edge.z[rows], limit=edge.limit)


def _slope(edge, direction, finding):
    e = finding.evidence
    words, row = f"log_det {direction} is not the logarithm of the slope", e["row"]
    numbers = {"yours": e["yours"][row], "expected": e["expected"][row], "function": direction}
    far = largest(edge.z)[row] >= FAR
    return _fails(words, Symptom.SLOPE, e["symbol"], e[e["symbol"]], row, far=far, **numbers)
