"""G: the pullbacks of a layer and of a flow.

finite       every gradient, at ordinary points, at 0, on whole numbers and far out
directional  <pullback(g), step>  =  d/dt [ <g_y, y> + <g_log_det, log_det> ]  along `step` in all arguments at once,
             by finite differences of several lengths: a kink of ReLU spoils one of them, not all
"""

from __future__ import annotations

import numpy as onp

from nfscratch import params as trees
from nfscratch.bijection import Bijection
from nfscratch.check.edges import edge_points
from nfscratch.check.finding import Finding, inconclusive, not_applicable
from nfscratch.check.laws import point
from nfscratch.check.subject import leaf_layers
from nfscratch.check.trial import Trial, flat, largest

LENGTHS = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7)


def check_gradients(trial: Trial, rng: onp.random.Generator) -> Finding:
    """G, for a Bijection or a Flow."""
    s = trial.subject
    if s.bijection is None:
        return not_applicable("G", "plain functions have no pullback")
    worst = Finding("G", "gradients: finite, against finite differences", 0.0, 1.0)
    for direction in ("forward", "inverse"):
        for look in (_finite, _directional):
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
    density = _density(trial, rng)
    return density if density.failed else worst


def _traced(subject):
    """Whether a layer leaves its pullback to autograd."""
    plain = (Bijection.forward_vjp, Bijection.inverse_vjp)
    leaves = [type(b) for b, _ in leaf_layers(subject.bijection, subject.params)]
    inner = [type(getattr(b, "bijection", b)) for b, _ in leaf_layers(subject.bijection, subject.params)]
    return any(t.forward_vjp is plain[0] or t.inverse_vjp is plain[1] for t in leaves + inner)


def _pulled(subject, direction, at, rng):
    """y, log_det, random cotangents, and the gradients of params, input and context."""
    b = subject.bijection
    context = None if subject.context is None else onp.repeat(subject.context[:1], len(at), axis=0)
    with onp.errstate(all="ignore"):
        y, log_det, pullback = getattr(b, f"{direction}_vjp")(subject.params, at, context)
        g_y = rng.normal(size=y.shape).astype(subject.dtype)
        g_log_det = rng.normal(size=log_det.shape).astype(subject.dtype)
        return y, log_det, g_y, g_log_det, pullback(g_y, g_log_det)


def _input(trial, direction):
    good = trial.usable
    return (trial.z if direction == "forward" else trial.x)[good][:6]


def _finite(trial, direction, rng):
    s = trial.subject
    edge = Trial(s, edge_points(s, rng))
    calm = edge.usable & (edge.allowed < 0.1 * onp.maximum(1.0, largest(edge.z))) & (largest(edge.x) < 1e12)
    edges = (edge.z if direction == "forward" else edge.x)[calm]
    at = onp.concatenate([_input(trial, direction), edges])
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
        *_, (g_params, _, _) = _pulled(subject, direction, at[row : row + 1], rng)
        if not all(onp.isfinite(leaf).all() for leaf in trees.leaves(g_params)):
            return row
    return 0


def _directional(trial, direction, rng):
    s, at = trial.subject, _input(trial, direction)
    what = f"gradient of {direction} against finite differences"
    if s.dtype == onp.float32 or len(at) == 0:
        return Finding("G", what, 0.0, 1.0)
    y, log_det, g_y, g_log_det, gradients = _pulled(s, direction, at, rng)
    context = None if s.context is None else onp.repeat(s.context[:1], len(at), axis=0)
    step = trees.map_leaves(lambda leaf: rng.normal(size=leaf.shape), s.params, fixed=onp.zeros_like)
    low, high = s.domain if direction == "forward" else s.codomain
    room = min(1.0, 0.1 * (high - low)) if onp.isfinite(low) or onp.isfinite(high) else 1.0
    step_at = rng.normal(size=at.shape) * room
    step_c = None if context is None else rng.normal(size=context.shape)

    def moved(t):
        p = trees.add(s.params, trees.map_leaves(lambda leaf: t * leaf, step))
        c = None if context is None else context + t * step_c
        with onp.errstate(all="ignore"):
            y, log_det = getattr(s.bijection, direction)(p, at + t * step_at, c)
        return float((g_y * y).sum() + (g_log_det * log_det).sum())

    terms = [g * d for g, d in zip(trees.leaves(gradients[0]), trees.leaves(step), strict=True)]
    terms += [gradients[1] * step_at] + ([] if context is None else [gradients[2] * step_c])
    exact, size = (float(sum(f(term).sum() for term in terms)) for f in (onp.asarray, onp.abs))
    scale = float(onp.abs(g_y * y).sum() + onp.abs(g_log_det * log_det).sum())
    error, allowed, settled = _judge(moved, exact, size, scale)
    symbol = "z" if direction == "forward" else "x"
    if not settled:
        return inconclusive("G", what, "finite differences of several lengths do not agree")
    evidence = {"kind": "wrong", symbol: flat(at), "row": 0, "symbol": symbol, "direction": direction}
    evidence.update(yours=exact, expected=exact + error)
    return Finding("G", what, abs(error), allowed, point(symbol, at, 0), evidence=evidence)


def _density(trial, rng):
    """What `fit` calls: the gradient of a Flow's log_prob, of the base and of the bijection together."""
    s, what = trial.subject, "gradient of log_prob against finite differences"
    x = trial.x[trial.usable][:6]
    if s.flow is None or s.flow.embed is not None or s.dtype == onp.float32 or len(x) == 0:
        return Finding("G", what, 0.0, 1.0)
    context = None if s.context is None else onp.repeat(s.context[:1], len(x), axis=0)
    log_p, pullback = s.flow.log_prob_vjp(s.flow_params, x, context)
    g = rng.normal(size=len(x))
    g_params, g_x, _ = pullback(g)
    step = trees.map_leaves(lambda leaf: rng.normal(size=leaf.shape), s.flow_params, fixed=onp.zeros_like)
    step_x = rng.normal(size=x.shape) * (1.0 if onp.isinf(s.codomain).all() else 0.01)

    def moved(t):
        p = trees.add(s.flow_params, trees.map_leaves(lambda leaf: t * leaf, step))
        return float((g * onp.asarray(s.flow.log_prob(p, x + t * step_x, context))).sum())

    terms = [a * d for a, d in zip(trees.leaves(g_params), trees.leaves(step), strict=True)] + [g_x * step_x]
    exact, size = (float(sum(f(term).sum() for term in terms)) for f in (onp.asarray, onp.abs))
    error, allowed, settled = _judge(moved, exact, size, float(onp.abs(g * log_p).sum()))
    if not settled:
        return inconclusive("G", what, "finite differences of several lengths do not agree")
    evidence = {"kind": "wrong", "x": flat(x), "row": 0, "symbol": "x", "direction": "log_prob"}
    evidence.update(yours=exact, expected=exact + error)
    return Finding("G", what, abs(error), allowed, point("x", x, 0), evidence=evidence)


def _judge(moved, exact, size, scale):
    """The error of the slope that is nearest, what is allowed to it, and whether two lengths agree at all."""
    slopes = onp.array([(8 * (moved(h) - moved(-h)) - (moved(2 * h) - moved(-2 * h))) / (12 * h) for h in LENGTHS])
    rounding = onp.array([64 * 2.3e-16 * scale / h for h in LENGTHS])
    allowed = 1e-6 * max(1.0, size) + rounding
    errors = onp.where(onp.isfinite(slopes), slopes - exact, onp.inf)
    best = int(onp.argmin(onp.abs(errors) - allowed))
    if abs(errors[best]) <= allowed[best]:
        return float(errors[best]), float(allowed[best]), True
    apart = onp.abs(onp.diff(slopes))
    pair = 1 + int(onp.argmin(onp.where(onp.isfinite(apart), apart, onp.inf)))
    settled = bool(apart[pair - 1] <= allowed[pair] + rounding[pair - 1]) and abs(errors[pair]) > 100 * apart[pair - 1]
    return float(errors[pair]), float(allowed[pair]), settled
