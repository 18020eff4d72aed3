"""Degrees: a coefficient with the factor of an integral or of a derivative, which a polynomial's formula forgets.

q[k] / (k + 1)      for k, c in enumerate(q): c / (k + 1)      q / np.arange(1, len(q) + 1)
k * q[k]            for k, c in enumerate(q): k * c            q * np.arange(len(q))
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from nfscratch.check.repair.edit import Place, placed
from nfscratch.check.repair.scope import Scope

ONE_MORE, ITSELF = "({} + 1)", "{}"


def of_degree(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """The coefficient over its degree, or times it, where one variable says which it is; of a row, all of them."""
    if place.is_index or place.field in ("func", "iter") or not isinstance(place.node, (ast.Subscript, ast.Name)):
        return
    text = ast.unparse(place.node)
    for degree in _degrees(place):
        for form in (f"{text} / {ONE_MORE}", f"{text} * {ONE_MORE}", f"{ITSELF} * {text}"):
            yield placed(ast.parse(form.format(degree), mode="eval").body, place.node)
    value = scope.value_of(place.node)
    if scope.array_module and getattr(value, "ndim", 0) == 1 and value.dtype.kind == "f":
        counted = f"{scope.array_module}.arange"
        for form in (f" / {counted}(1, len({text}) + 1)", f" * {counted}(1, len({text}) + 1)"):
            yield placed(ast.parse(text + form, mode="eval").body, place.node)


def _degrees(place):
    """The variable by which an element is taken, or that counts beside it: for k, c in enumerate(q)."""
    node = place.node
    if isinstance(node, ast.Subscript):
        return [node.slice.id] if isinstance(node.slice, ast.Name) else []
    turns = [g for n in place.above for g in getattr(n, "generators", [n] if isinstance(n, ast.For) else [])]
    pairs = [t.target.elts for t in turns if isinstance(t.target, ast.Tuple) and _is_counted(t)]
    return [k.id for k, c in pairs if isinstance(k, ast.Name) and getattr(c, "id", None) == node.id]


def _is_counted(turn):
    counts = isinstance(turn.iter, ast.Call) and getattr(turn.iter.func, "id", "") == "enumerate"
    return counts and len(turn.target.elts) == 2
