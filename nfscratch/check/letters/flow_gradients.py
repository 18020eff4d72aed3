"""G for a Flow: the gradient of its log_prob, of base, bijection and embedding network together, which `fit` uses.

float64    along a random direction in x, the context and all parameters, against finite differences
float32    finite, in float32, and near the gradient that the same numbers give in float64
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch import trees
from nfscratch.check.finding import Finding, Symptom, not_applicable
from nfscratch.check.judging import point
from nfscratch.check.letters.directional import along, moved_by, products, random_step, step_like
from nfscratch.check.rows import flat, largest
from nfscratch.check.trial import Trial

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
    log_p, gradients = _gradients(s, x, g)
    step, room = random_step(s.flow_params, rng), 1.0 if onp.isinf(s.codomain).all() else 0.01
    steps = step, rng.normal(size=x.shape) * room, step_like(s.flow_context, rng)

    def f(t):
        moved = moved_by((s.flow_params, x, s.flow_context), steps, t)
        return float((g * onp.asarray(s.flow.log_prob(*moved))).sum())

    return along("log_prob", f, products(gradients, steps), float(onp.abs(g * log_p).sum()), "x", x)


def _single(s, x, rng):
    """float32 against float64 with the same numbers, array by array."""
    g = rng.normal(size=len(x)).astype("float32")
    mine = _arrays(_gradients(s, x, g)[1])
    theirs = _arrays(_gradients(s.in_dtype("float64"), x.astype("float64"), g.astype("float64"))[1])
    if not all(onp.isfinite(a).all() for a in mine):
        return _found(x, onp.inf, 0.0, Symptom.NOT_FINITE, at=f"not finite at {point('x', x, 0)}")
    if leak := next((a.dtype for a in mine if a.dtype != onp.float32), None):
        return _found(x, 1.0, 0.0, Symptom.LEAK, f": it comes in {leak}")
    return _found(x, _largest_share(mine, theirs), SINGLE, Symptom.GRADIENT, at=point("x", x, 0))


def _largest_share(mine, theirs):
    """The error of each array as a share of its own size, and a little of the size of all arrays."""
    everywhere = max((onp.abs(b).max(initial=0.0) for b in theirs), default=0.0)
    errors = [onp.abs(a - b).max(initial=0.0) / (0.9 * onp.abs(b).max(initial=0.0) + 0.1 * everywhere + 1e-300)
              for a, b in zip(mine, theirs, strict=True)]  # fmt: skip
    return float(max(errors, default=0.0))


def _found(x, error, allowed, symptom, words="", at=""):
    evidence = {"x": flat(x), "row": 0, "symbol": "x", "function": "log_prob"}
    what = f"gradient of log_prob in float32{words}"
    return Finding("G", what, error, allowed, at, symptom=symptom, evidence=evidence)


def _arrays(gradients: Any) -> list[Any]:
    g_params, g_x, g_context = gradients
    return [onp.asarray(a) for a in [*trees.leaves(g_params), g_x, *([] if g_context is None else [g_context])]]
