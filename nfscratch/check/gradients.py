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
from nfscratch.check.directional import along, moved_by, random_step
from nfscratch.check.edges import edge_points
from nfscratch.check.finding import Finding, not_applicable
from nfscratch.check.flow_gradients import check_density_gradient
from nfscratch.check.laws import point
from nfscratch.check.subject import leaf_layers
from nfscratch.check.trial import Trial, flat, largest


def check_gradients(trial: Trial, rng: onp.random.Generator) -> Finding:
    """G, for a Bijection or a Flow."""
    s = trial.subject
    if s.bijection is None:
        return not_applicable("G", "plain functions have no pullback")
    worst = Finding("G", "gradients: finite, against finite differences", 0.0, 1.0)
    edge = Trial(s, edge_points(s, rng))
    for direction in ("forward", "inverse"):
        for look in (partial(_finite, edge), _directional):
            try:
                finding = look(trial, direction, rng)
            except Exception as error:  # whatever autograd makes of code that it cannot trace
                if not _traced(s):
                    raise
                return not_applicable("G", f"autograd cannot trace this map ({type(error).__name__})")
            if finding.failed:
                return finding
            worst = (
                finding if finding.verdict else max(worst, finding, key=lambda f: f.error / max(f.tolerance, 1e-300))
            )
    density = check_density_gradient(trial, rng)
    return density if density.failed else worst


def _traced(subject):
    """Whether a layer leaves its pullback to autograd."""
    plain = (Bijection.forward_vjp, Bijection.inverse_vjp)
    leaves = [type(b) for b, _ in leaf_layers(subject.bijection, subject.params)]
    inner = [type(getattr(b, "bijection", b)) for b, _ in leaf_layers(subject.bijection, subject.params)]
    return any(t.forward_vjp is plain[0] or t.inverse_vjp is plain[1] for t in leaves + inner)


def _pulled(subject, direction, at, rng):
    """y, log_det, random cotangents, and the gradients of params, input and context, of a subject at these rows."""
    with onp.errstate(all="ignore"):
        vjp = getattr(subject.bijection, f"{direction}_vjp")
        y, log_det, pullback = vjp(subject.params, at, subject.context)
        g_y = rng.normal(size=y.shape).astype(subject.dtype)
        g_log_det = rng.normal(size=log_det.shape).astype(subject.dtype)
        return y, log_det, g_y, g_log_det, pullback(g_y, g_log_det)


def _input(trial, direction):
    """Six rows, and what goes in there."""
    rows = onp.flatnonzero(trial.usable)[:6]
    return rows, (trial.z if direction == "forward" else trial.x)[rows]


def _finite(edge, trial, direction, rng):
    s = trial.subject
    calm = edge.usable & (edge.allowed < 0.1 * onp.maximum(1.0, largest(edge.z))) & (largest(edge.x) < 1e12)
    edges = (edge.z if direction == "forward" else edge.x)[calm]
    rows, ordinary = _input(trial, direction)
    at, s = onp.concatenate([ordinary, edges]), s.at(onp.concatenate([rows, onp.flatnonzero(calm)]))
    *_, (g_params, g_at, g_context) = _pulled(s, direction, at, rng)
    rows = ~onp.isfinite(flat(g_at)).all(axis=1)
    others = list(trees.leaves(g_params)) + ([] if g_context is None else [g_context])
    if not rows.any() and all(onp.isfinite(leaf).all() for leaf in others):
        return Finding("G", f"gradients of {direction} are finite", 0.0, 1.0)
    row = int(onp.argmax(rows)) if rows.any() else _culprit(s, direction, at, rng)
    symbol = "z" if direction == "forward" else "x"
    evidence = {"kind": "not finite", symbol: flat(at), "row": row, "symbol": symbol, "direction": direction}
    what = f"gradients of {direction} are finite"
    return Finding("G", what, onp.inf, 0.0, f"not finite at {point(symbol, at, row)}", evidence=evidence)


def _culprit(subject, direction, at, rng):
    """The row that spoils the gradient of the parameters."""
    for row in range(len(at)):
        *_, (g_params, _, _) = _pulled(subject.at([row]), direction, at[row : row + 1], rng)
        if not all(onp.isfinite(leaf).all() for leaf in trees.leaves(g_params)):
            return row
    return 0


def _directional(trial, direction, rng):
    rows, at = _input(trial, direction)
    s = trial.subject.at(rows)
    if s.dtype == onp.float32 or len(at) == 0:
        return Finding("G", f"gradient of {direction}", 0.0, 1.0)
    y, log_det, g_y, g_log_det, gradients = _pulled(s, direction, at, rng)
    step = random_step(s.params, rng)
    low, high = s.domain if direction == "forward" else s.codomain
    room = min(1.0, 0.1 * (high - low)) if onp.isfinite(low) or onp.isfinite(high) else 1.0
    step_at = rng.normal(size=at.shape) * room
    step_c = None if s.context is None else rng.normal(size=s.context.shape)

    def f(t):
        c = None if s.context is None else s.context + t * step_c
        with onp.errstate(all="ignore"):
            y, log_det = getattr(s.bijection, direction)(moved_by(s.params, step, t), at + t * step_at, c)
        return float((g_y * y).sum() + (g_log_det * log_det).sum())

    terms = [g * d for g, d in zip(trees.leaves(gradients[0]), trees.leaves(step), strict=True)]
    terms += [gradients[1] * step_at] + ([] if s.context is None else [gradients[2] * step_c])
    scale = float(onp.abs(g_y * y).sum() + onp.abs(g_log_det * log_det).sum())
    return along(direction, f, terms, scale, "z" if direction == "forward" else "x", at)
