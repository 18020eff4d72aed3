"""G for a Flow: the gradient of its log_prob, of base, bijection and embedding network together, which `fit` uses.

float64    along a random direction in x, the context and all parameters, against finite differences
float32    finite, in float32, and near the gradient that the same numbers give in float64
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch import trees
from nfscratch.check.directional import along, moved_by, random_step
from nfscratch.check.finding import Finding, not_applicable
from nfscratch.check.laws import point
from nfscratch.check.trial import Trial, flat, largest

# A flow of a dozen layers keeps three or four of float32's seven digits in a gradient; a mistake keeps none.
SINGLE = 0.05


def check_density_gradient(trial: Trial, rng: onp.random.Generator) -> Finding:
    """The gradient of a Flow's log_prob."""
    if trial.subject.flow is None:
        return not_applicable("G", "no flow")
    calm = trial.usable & (trial.allowed < 1e-3 * onp.maximum(1.0, largest(trial.z)))
    rows = onp.flatnonzero(calm)[:6]
    if len(rows) == 0:
        return not_applicable("G", "no point is well conditioned")
    look = _single if trial.subject.dtype == onp.float32 else _directional
    return look(trial.subject.at(rows), trial.x[rows], rng)


def _gradients(s, x, g):
    """log_prob and its gradients in params, x and context, for the cotangent g; by the flow's own pullback."""
    log_p, pullback = s.flow.log_prob_vjp(s.flow_params, x, s.flow_context)
    return log_p, pullback(g)


def _directional(s, x, rng):
    g = rng.normal(size=len(x))
    log_p, (g_params, g_x, g_context) = _gradients(s, x, g)
    step = random_step(s.flow_params, rng)
    step_x = rng.normal(size=x.shape) * (1.0 if onp.isinf(s.codomain).all() else 0.01)
    step_c = None if s.context is None else rng.normal(size=s.flow_context.shape)

    def f(t):
        context = None if s.context is None else s.flow_context + t * step_c
        return float(
            (g * onp.asarray(s.flow.log_prob(moved_by(s.flow_params, step, t), x + t * step_x, context))).sum()
        )

    terms = [a * d for a, d in zip(trees.leaves(g_params), trees.leaves(step), strict=True)] + [g_x * step_x]
    terms += [] if s.context is None else [g_context * step_c]
    return along("log_prob", f, terms, float(onp.abs(g * log_p).sum()), "x", x)


def _single(s, x, rng):
    """float32 against float64 with the same numbers, array by array."""
    what = "gradient of log_prob in float32"
    g = rng.normal(size=len(x)).astype("float32")
    mine = _arrays(_gradients(s, x, g)[1])
    theirs = _arrays(_gradients(s.in_dtype("float64"), x.astype("float64"), g.astype("float64"))[1])
    evidence = {"x": flat(x), "row": 0, "symbol": "x", "direction": "log_prob"}
    if not all(onp.isfinite(a).all() for a in mine):
        at = f"not finite at {point('x', x, 0)}"
        return Finding("G", what, onp.inf, 0.0, at, evidence={**evidence, "kind": "not finite"})
    if leak := next((a.dtype for a in mine if a.dtype != onp.float32), None):
        return Finding("G", f"{what}: it comes in {leak}", 1.0, 0.0, evidence={**evidence, "kind": "leak"})
    everywhere = max((onp.abs(b).max(initial=0.0) for b in theirs), default=0.0)
    errors = [onp.abs(a - b).max(initial=0.0) / (0.9 * onp.abs(b).max(initial=0.0) + 0.1 * everywhere + 1e-300)
              for a, b in zip(mine, theirs, strict=True)]  # fmt: skip
    worst = float(max(errors, default=0.0))
    return Finding("G", what, worst, SINGLE, point("x", x, 0), evidence={**evidence, "kind": "wrong"})


def _arrays(gradients: Any) -> list[Any]:
    g_params, g_x, g_context = gradients
    return [onp.asarray(a) for a in [*trees.leaves(g_params), g_x, *([] if g_context is None else [g_context])]]
