"""G: the pullbacks of a layer and of a flow.

finite       every gradient, at ordinary points, at 0, on whole numbers and far out
directional  <pullback(g), step>  =  d/dt [ <g_y, y> + <g_log_det, log_det> ]  along `step` in all arguments at once
density      the same for a Flow's log_prob: flow_gradients.py
"""

from __future__ import annotations

from functools import partial

import numpy as onp

from nfscratch import trees
from nfscratch.bijections.contract import Bijection
from nfscratch.check.finding import Finding, Outcome, Symptom, not_applicable
from nfscratch.check.judging import point
from nfscratch.check.letters.directional import along, moved_by, products, random_step, step_like
from nfscratch.check.letters.edges import edge_points
from nfscratch.check.letters.flow_gradients import check_density_gradient
from nfscratch.check.rows import flat, largest
from nfscratch.check.subject import leaf_layers
from nfscratch.check.trial import SYMBOL, Trial


def check_gradients(trial: Trial, rng: onp.random.Generator) -> Finding:
    """G, for a Bijection or a Flow."""
    if trial.subject.bijection is None:
        return not_applicable("G", "plain functions have no pullback")
    worst = Finding("G", "gradients: finite, against finite differences", 0.0, 1.0)
    for finding in _of_pullbacks(trial, rng):
        if finding.failed or finding.outcome is Outcome.NOT_APPLICABLE:
            return finding
        worst = finding if finding.unjudged else max(worst, finding, key=lambda found: found.share)
    density = check_density_gradient(trial, rng)
    return density if density.failed else worst


def _of_pullbacks(trial, rng):
    edge = Trial(trial.subject, edge_points(trial.subject, rng))
    for direction in ("forward", "inverse"):
        for look in (partial(_finite, edge), _directional):
            yield _tried(partial(look, trial, direction, rng), trial.subject)


def _tried(look, subject):
    """The finding of a look. It does not apply where a layer leaves its pullback to autograd, and autograd fails."""
    try:
        return look()
    except Exception as error:  # whatever autograd makes of code that it cannot trace
        if not _is_traced(subject):
            raise
        return not_applicable("G", f"autograd cannot trace this map ({type(error).__name__})")


def _is_traced(subject):
    """Whether a layer leaves its pullback to autograd."""
    layers = [b for b, _ in leaf_layers(subject.bijection, subject.params)]
    kinds = [type(b) for b in layers] + [type(getattr(b, "bijection", b)) for b in layers]
    return any(kind.forward_vjp is Bijection.forward_vjp or kind.inverse_vjp is Bijection.inverse_vjp for kind in kinds)


def _pulled(subject, direction, at, rng):
    """y, log_det, random cotangents, and the gradients of params, input and context, of a subject at these rows."""
    with onp.errstate(all="ignore"):
        vjp = getattr(subject.bijection, f"{direction}_vjp")
        y, log_det, pullback = vjp(subject.params, at, subject.context)
        g_y = rng.normal(size=y.shape).astype(subject.dtype)
        g_log_det = rng.normal(size=log_det.shape).astype(subject.dtype)
        return y, log_det, g_y, g_log_det, pullback(g_y, g_log_det)


def _ordinary(trial, direction):
    """Six usable rows, and the input there."""
    rows = onp.flatnonzero(trial.usable)[:6]
    return rows, trial.input(direction)[rows]


# --- finite ---


def _finite(edge, trial, direction, rng):
    s, at = _with_edges(edge, trial, direction)
    *_, (g_params, g_at, g_context) = _pulled(s, direction, at, rng)
    bad = ~onp.isfinite(flat(g_at)).all(axis=1)
    others = list(trees.leaves(g_params)) + ([] if g_context is None else [g_context])
    what = f"gradients of {direction} are finite"
    if not bad.any() and _all_finite(others):
        return Finding("G", what, 0.0, 1.0)
    row = int(onp.argmax(bad)) if bad.any() else _culprit(s, direction, at, rng)
    symbol = SYMBOL[direction]
    evidence = {symbol: flat(at), "row": row, "symbol": symbol, "function": direction}
    words = f"not finite at {point(symbol, at, row)}"
    return Finding("G", what, onp.inf, 0.0, words, symptom=Symptom.NOT_FINITE, evidence=evidence)


def _with_edges(edge, trial, direction):
    """The subject at ordinary rows and at well-conditioned edges, and the input there."""
    calm = edge.usable & (edge.allowed < 0.1 * onp.maximum(1.0, largest(edge.z))) & (largest(edge.x) < 1e12)
    rows, ordinary = _ordinary(trial, direction)
    at = onp.concatenate([ordinary, edge.input(direction)[calm]])
    return trial.subject.at(onp.concatenate([rows, onp.flatnonzero(calm)])), at


def _all_finite(arrays):
    return all(onp.isfinite(a).all() for a in arrays)


def _culprit(subject, direction, at, rng):
    """The row that spoils the gradient of the parameters."""
    for row in range(len(at)):
        *_, (g_params, _, _) = _pulled(subject.at([row]), direction, at[row : row + 1], rng)
        if not _all_finite(trees.leaves(g_params)):
            return row
    return 0


# --- directional ---


def _directional(trial, direction, rng):
    rows, at = _ordinary(trial, direction)
    s = trial.subject.at(rows)
    if s.dtype == onp.float32 or len(at) == 0:
        return Finding("G", f"gradient of {direction}", 0.0, 1.0)
    y, log_det, g_y, g_log_det, gradients = _pulled(s, direction, at, rng)
    steps = random_step(s.params, rng), _step_inside(s, direction, at, rng), step_like(s.context, rng)

    def f(t):
        with onp.errstate(all="ignore"):
            y, log_det = getattr(s.bijection, direction)(*moved_by((s.params, at, s.context), steps, t))
        return float((g_y * y).sum() + (g_log_det * log_det).sum())

    scale = float(onp.abs(g_y * y).sum() + onp.abs(g_log_det * log_det).sum())
    return along(direction, f, products(gradients, steps), scale, SYMBOL[direction], at)


def _step_inside(s, direction, at, rng):
    """A step of the input that stays inside of the interval that the direction takes."""
    low, high = s.ends(direction)
    room = onp.minimum(1.0, 0.1 * (high - low))
    return rng.normal(size=at.shape) * room
