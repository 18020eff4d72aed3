"""Planar: u with what keeps w . u above -1, where a planar map z + u h(w . z + b) folds because it is below.

u + (m - w @ u) * w / (w @ w)      m = log(1 + exp(w . u)) - 1, in the words of the function where it has them
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import permutations
from types import FunctionType, ModuleType

import numpy as onp

from nfscratch.check.repair.code_objects import functions_met
from nfscratch.check.repair.edit import Place, placed, source
from nfscratch.check.repair.live_code import Reached
from nfscratch.check.repair.scope import Scope

MOST = 4  # vectors that may be w
BELOW = "below -1"
PRODUCTS = ("{} @ {}", "dot({}, {})", "inner({}, {})", "{}.dot({})", "({} * {}).sum()", "sum({} * {})")


def kept_above(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """The vector with its constraint, for each other one with which it has a product below -1."""
    node, np = place.node, scope.array_module
    if np is None or not isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)) or place.field == "func":
        return
    u = scope.value_of(node)
    if not _is_vector(u):
        return
    others = [(w, v) for w, v in scope.held if v is not u and _is_vector(v) and v.shape == u.shape]
    for w, v in [(source(w), v) for w, v in others if float(v @ u) < -1][:MOST]:
        wu = float(v @ u)
        m = _held(scope, onp.log1p(onp.exp(wu)) - 1) or f"{np}.log1p({np}.exp({w} @ {source(node)})) - 1"
        product = _held(scope, wu) or f"{w} @ {source(node)}"
        text = f"{source(node)} + ({m} - {product}) * {w} / ({w} @ {w})"
        yield placed(ast.parse(text, mode="eval").body, node)


def product_below(reached: Reached) -> str | None:
    """Two vectors whose product the functions take, and which is below -1: what they are called, and the number."""
    text = " ".join(source(f) for file, lines in reached.lines.items() for f in functions_met(file, lines))
    for which, own in reached.locals.items():
        variables = _of_module(reached, which) | own
        held = {k: v for k, v in variables.items() if _is_vector(v)}
        plain = {k: v for k, v in variables.items() if not isinstance(v, (ModuleType, type, FunctionType))}
        objects = [(k, v) for k, v in plain.items() if isinstance(getattr(v, "__dict__", None), dict)]
        held |= {f"{me}.{k}": v for me, o in objects for k, v in vars(o).items() if _is_vector(v)}
        for (a, v), (b, u) in permutations(held.items(), 2):
            if v.shape == u.shape and float(v @ u) < -1 and any(form.format(a, b) in text for form in PRODUCTS):
                return f"{a} . {b} is {float(v @ u):.3g}, {BELOW}"
    return None


def _of_module(reached, which):
    """The variables of the module that a function names."""
    names, known = reached.codes[which].co_names, reached.globals[which]
    return {name: known[name] for name in names if name in known}


def is_bounded_by_product(value: object, scope: Scope) -> bool:
    """Whether it is such a vector: there its own sign is not what matters."""
    return _is_vector(value) and any(
        _is_vector(v) and v.shape == value.shape and float(v @ value) < -1 for _, v in scope.held if v is not value
    )


def _is_vector(value):
    return isinstance(value, onp.ndarray) and value.ndim == 1 and len(value) > 1 and value.dtype.kind == "f"


def _held(scope, number):
    """The variable of the function that is this number."""
    for name, v in scope.locals.items():
        if isinstance(v, (float, onp.floating)) and abs(v - number) < 1e-9 * (1 + abs(number)):
            return name
    return None
