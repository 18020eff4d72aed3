"""Backwards: layers, or vectors of them, that a function is given in the opposite order.

apply_all(y, vectors)                  apply_all(y, vectors[::-1])
reduce(step, layers, (x, 0.0))         reduce(step, layers[::-1], (x, 0.0))

The rows of a loop are in statements.py, and orders of columns in orders.py.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from nfscratch.check.repair.edit import Place
from nfscratch.check.repair.scope import Scope

FEWEST = 2  # things that have an order


def backwards(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """An argument that is a row of things, from its end."""
    if isinstance(place.parent, ast.Call) and place.field == "args" and _is_row(place.node, scope):
        yield ast.Subscript(place.node, ast.Slice(None, None, ast.UnaryOp(ast.USub(), ast.Constant(1))), ast.Load())


def _is_row(node, scope):
    """Whether it names a list of things, or a stack of matrices: no list of numbers, and no data."""
    if not isinstance(node, (ast.Name, ast.Attribute)):
        return False
    value = scope.value_of(node)
    if value is None and isinstance(node, ast.Name):  # a list of the module
        value = scope.module.get(node.id)
    if isinstance(value, (list, tuple)):
        return len(value) >= FEWEST and not any(isinstance(v, (int, float, str)) for v in value)
    return getattr(value, "ndim", 0) > 2 and len(value) >= FEWEST
