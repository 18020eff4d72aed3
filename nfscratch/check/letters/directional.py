"""The slope of a number along one direction in all arguments at once, against the gradients that a pullback gave.

    exact  =  sum <gradient, step>         slope(h)  =  [8 (f(h) - f(-h)) - (f(2h) - f(-2h))] / 12h

Several lengths h are taken: a kink of ReLU spoils one of them, not all. Where no two lengths agree nothing is known.
A companion of G. The arguments are (params, input, context), where a map without a context has None.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as onp

from nfscratch import trees
from nfscratch.check.finding import Finding, Symptom, inconclusive
from nfscratch.check.judging import point
from nfscratch.check.rows import flat

LENGTHS = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7)


def random_step(params: Any, rng: onp.random.Generator) -> Any:
    """A direction for every trained number; what is stored stays."""
    return trees.map_leaves(lambda leaf: rng.normal(size=leaf.shape), params, fixed=onp.zeros_like)


def step_like(a: Any, rng: onp.random.Generator) -> Any:
    return None if a is None else rng.normal(size=a.shape)


def moved_by(arguments: tuple[Any, Any, Any], steps: tuple[Any, Any, Any], t: float) -> tuple[Any, Any, Any]:
    """(params, input, context), each moved by t times its step."""
    (params, a, context), (step, step_a, step_c) = arguments, steps
    moved = trees.add(params, trees.map_leaves(lambda leaf: t * leaf, step))
    return moved, a + t * step_a, None if context is None else context + t * step_c


def products(gradients: tuple[Any, Any, Any], steps: tuple[Any, Any, Any]) -> list[Any]:
    """Gradient times step, for every array."""
    terms = [g * d for g, d in zip(trees.leaves(gradients[0]), trees.leaves(steps[0]), strict=True)]
    return terms + [g * d for g, d in zip(gradients[1:], steps[1:], strict=True) if d is not None]


def along(name: str, f: Callable[[float], float], terms: list[Any], scale: float, symbol: str, at: Any) -> Finding:
    """G's finding on the gradient of `name`: terms are gradient times step, for every array; scale the size of f."""
    what = f"gradient of {name} against finite differences"
    exact, size = (float(sum(g(term).sum() for term in terms)) for g in (onp.asarray, onp.abs))
    error, allowed, settled = _judge(f, exact, size, scale)
    if not settled:
        return inconclusive("G", what, "finite differences of several lengths do not agree")
    evidence = {symbol: flat(at), "row": 0, "symbol": symbol, "function": name}
    evidence.update(yours=exact, expected=exact + error)
    return Finding(
        "G", what, abs(error), allowed, point(symbol, at, 0), symptom=Symptom.GRADIENT, evidence=evidence
    )  # fmt: skip


def _judge(f, exact, size, scale):
    """The error of the slope that is nearest, what is allowed to it, and whether two lengths agree at all."""
    slopes = onp.array([(8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h) for h in LENGTHS])
    rounding = onp.array([64 * 2.3e-16 * scale / h for h in LENGTHS])
    allowed = 1e-6 * max(1.0, size) + rounding
    errors = onp.where(onp.isfinite(slopes), slopes - exact, onp.inf)
    best = int(onp.argmin(onp.abs(errors) - allowed))
    if abs(errors[best]) <= allowed[best]:
        return float(errors[best]), float(allowed[best]), True
    between = onp.abs(onp.diff(slopes))
    pair = 1 + int(onp.argmin(onp.where(onp.isfinite(between), between, onp.inf)))
    agree = bool(between[pair - 1] <= allowed[pair] + rounding[pair - 1])
    return float(errors[pair]), float(allowed[pair]), agree and abs(errors[pair]) > 100 * between[pair - 1]
