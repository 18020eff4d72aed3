"""BranchTerms: a log_det that counts one number for each variable on one side of 0, and says so of all of them.

np.where(z < 0, np.log(SLOPE), 0.0).sum(axis=1)      for z.shape[1] * np.log(SLOPE), of a leaky ReLU
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from nfscratch.check.repair.conditions import comparisons
from nfscratch.check.repair.edit import Place, placed, source
from nfscratch.check.repair.scope import Scope, is_scale
from nfscratch.check.repair.terms import is_number, is_term

MOST = 4  # conditions, and numbers, of one function


def of_one_branch(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """A sum over the columns of a number where a condition holds, in the place of a whole term."""
    np = scope.array_module
    if np is None or not is_term(place) or not is_number(place.node):
        return
    held = [k for k, v in scope.locals.items() if _is_mask(v)]
    conditions = [*held[:MOST], *map(source, comparisons(scope.function, place.node))][:MOST]
    for condition in conditions:
        for number in _logarithms(np, scope):
            for pair in (f"{number}, 0.0", f"0.0, {number}"):
                for sign in ("", "-"):
                    text = f"{sign}{np}.where({condition}, {pair}).sum(axis=1)"
                    yield placed(ast.parse(text, mode="eval").body, place.node)


def _is_mask(value):
    return getattr(getattr(value, "dtype", None), "kind", "") == "b" and getattr(value, "ndim", 0) == 2


def _logarithms(np, scope):
    """The logarithms of the numbers that the function reads."""
    read = {source(n) for n in ast.walk(scope.function) if isinstance(n, (ast.Name, ast.Attribute))}
    found = [source(node) for node, v in scope.held if is_scale(v) and v > 0 and source(node) in read]
    return [f"{np}.log({text})" for text in found[:MOST]]
