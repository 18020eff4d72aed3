"""Conditions: a value that is meant where a condition holds alone, and stands everywhere.

np.where(inside, v, 0)          for v: outside, where the map is the identity, a log_det has no term
np.where(inside, v, x)          what the variable was before
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from copy import deepcopy

from nfscratch.check.repair.edit import Place
from nfscratch.check.repair.scope import Scope
from nfscratch.check.repair.terms import is_number, is_term

MOST = 4  # conditions of one function


def chosen(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """A value where a condition holds, and elsewhere what the variable was before, or another array, or 0."""
    np, node = scope.array_module, place.node
    if _is_branch(place):
        yield ast.Constant(0.0)
    if np is None or not is_number(node) or not (is_term(place) or is_summed(place)):
        return
    held = {k: v for k, v in scope.locals.items() if getattr(getattr(v, "dtype", None), "kind", "") == "b"}
    for name in [*held][:MOST]:
        like = [k for k, v in scope.locals.items() if getattr(v, "shape", None) == held[name].shape and k not in held]
        for other in [*map(_name, _targets(place) + like[:6]), ast.Constant(0.0)]:
            yield from _either(np, _name(name), node, other)
    for condition in comparisons(scope.function, node):
        yield from _either(np, condition, node, ast.Constant(0.0))


def _is_branch(place):
    """Whether it is one of the two values of np.where."""
    parent = place.parent
    return isinstance(parent, ast.Call) and getattr(parent.func, "attr", "") == "where" and place.index in (1, 2)


def _either(np, condition, node, other):
    for branches in ([node, other], [other, node]):
        yield ast.Call(ast.Attribute(_name(np), "where", ast.Load()), [condition, *branches], [])


def comparisons(function: ast.AST | None, node: ast.AST) -> list[ast.expr]:
    """The conditions that the function puts to its arrays, and not yet to this one."""
    calls = [n for n in ast.walk(function) if isinstance(n, ast.Call) and n.args] if function is not None else []
    tests = [n.args[0] for n in calls if getattr(n.func, "attr", "") == "where"]
    here = {ast.dump(n) for n in ast.walk(node)}
    found = {ast.dump(t): t for t in tests if isinstance(t, ast.Compare)}
    return [deepcopy(t) for text, t in found.items() if text not in here][:MOST]


def is_summed(place: Place) -> bool:
    """Whether it is what a sum adds up: np.sum(a), a.sum()."""
    parent = place.parent
    by_method = isinstance(parent, ast.Attribute) and parent.attr == "sum"
    by_call = isinstance(parent, ast.Call) and place.field == "args" and place.index == 0
    return by_method or (by_call and getattr(parent.func, "attr", getattr(parent.func, "id", "")) == "sum")


def _targets(place):
    """The variable that gets the value, if it is one that had a value before."""
    targets = getattr(place.parent, "targets", [])
    return [t.id for t in targets if isinstance(t, ast.Name)]


def _name(name):
    return ast.Name(name, ast.Load())
