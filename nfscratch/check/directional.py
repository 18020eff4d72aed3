"""The slope of a number along one direction in all arguments at once, against the gradients that a pullback gave.

    exact  =  sum <gradient, step>         slope(h)  =  [8 (f(h) - f(-h)) - (f(2h) - f(-2h))] / 12h

Several lengths h are taken: a kink of ReLU spoils one of them, not all. Where no two lengths agree nothing is known.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as onp

from nfscratch import trees
from nfscratch.check.finding import Finding, inconclusive
from nfscratch.check.laws import point
from nfscratch.check.trial import flat

LENGTHS = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7)


def random_step(tree: Any, rng: onp.random.Generator) -> Any:
    """A direction for every trained number; what is stored stays."""
    return trees.map_leaves(lambda leaf: rng.normal(size=leaf.shape), tree, fixed=onp.zeros_like)


def moved_by(tree: Any, step: Any, t: float) -> Any:
    return trees.add(tree, trees.map_leaves(lambda leaf: t * leaf, step))


def along(
    name: str, f: Callable[[float], float], terms: list[Any], scale: float, symbol: str, at: Any
) -> Finding:  # fmt: skip
    """G's finding on the gradient of `name`: terms are gradient times step, for every array; scale the size of f."""
    what = f"gradient of {name} against finite differences"
    exact, size = (float(sum(g(term).sum() for term in terms)) for g in (onp.asarray, onp.abs))
    error, allowed, settled = _judge(f, exact, size, scale)
    if not settled:
        return inconclusive("G", what, "finite differences of several lengths do not agree")
    evidence = {"kind": "wrong", symbol: flat(at), "row": 0, "symbol": symbol, "direction": name}
    evidence.update(yours=exact, expected=exact + error)
    return Finding("G", what, abs(error), allowed, point(symbol, at, 0), evidence=evidence)


def _judge(f, exact, size, scale):
    """The error of the slope that is nearest, what is allowed to it, and whether two lengths agree at all."""
    slopes = onp.array([(8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h) for h in LENGTHS])
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
