"""Orders of the columns: what a loop over the columns runs over, and an index that is missing.

for i in self.order      for i in range(n): a layer that has an order of its own visits the columns in it
x[:, order]              x, and x.copy(): the columns in an order that a variable or an object holds, or in its inverse
shift[order]             shift, of columns that have moved
order[:k]                :k, the columns that come first
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import numpy as onp

from nfscratch.check.repair.edit import Place, source
from nfscratch.check.repair.scope import Scope

MOST = 4  # orders that one function may name
FEWEST = 2  # columns that a loop goes over


def loop_orders(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """Other orders in which a loop could visit what it visits."""
    if place.field != "iter" or not isinstance(place.node, (ast.Call, ast.Name, ast.Attribute)):
        return
    value = scope.evaluated(place.node)
    visited = list(value) if isinstance(value, (range, list, tuple, onp.ndarray)) else []
    if len(visited) < FEWEST or not is_order(visited, len(visited)):
        return
    yield from (node for node in _with_inverses(scope, len(visited)) if source(node) != source(place.node))


def in_order(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """The columns of an array in an order that the function can name."""
    node = place.node.func.value if is_copy(place.node) else place.node
    if not isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)) or place.field == "func":
        return
    value = scope.value_of(node)
    if getattr(value, "ndim", 0) == 2:
        for columns in _with_inverses(scope, value.shape[1]):
            yield ast.Subscript(node, ast.Tuple([ast.Slice(), columns], ast.Load()), ast.Load())


def of_moved_columns(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """A shift, or a scale, in the order of columns that have moved before they meet it."""
    node = place.node
    if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)) and place.field != "func":
        value = scope.value_of(node)
        if getattr(value, "ndim", 0) == 1 and len(value) > 1:
            yield from (ast.Subscript(node, columns, ast.Load()) for columns in _with_inverses(scope, len(value)))


def slices_of_orders(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """Some columns as an order has them."""
    if isinstance(place.node, ast.Slice) and place.node.step is None and (place.node.lower or place.node.upper):
        rows = {k: v for k, v in scope.values.items() if getattr(v, "ndim", 0) == 1 or isinstance(v, (list, tuple))}
        for name in [k for k, v in rows.items() if is_order(v, len(v)) and len(v) > 1][:MOST]:
            yield ast.Subscript(ast.Name(name, ast.Load()), place.node, ast.Load())


def undone(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """The inverse of an order, where it is an index."""
    value = scope.value_of(place.node)
    if value is None and isinstance(place.node, ast.Name):  # a list of the module
        value = scope.module.get(place.node.id)
    row = isinstance(value, (list, tuple)) or getattr(value, "ndim", 0) == 1
    if place.is_index and scope.array_module and row and is_order(value, len(value)):
        yield _inverse(place.node, scope)


def is_copy(node: ast.AST) -> bool:
    """Whether it is a.copy()."""
    return isinstance(node, ast.Call) and not node.args and getattr(node.func, "attr", "") == "copy"


def is_order(value: Any, n: int) -> bool:
    """Whether it holds each column's number once."""
    return isinstance(value, (onp.ndarray, list, tuple)) and len(value) == n and _sorted(value) == list(range(n))


def _with_inverses(scope, n):
    """The orders of n columns that the function can name, used or not, and their inverses."""
    unread = [(ast.Name(k, ast.Load()), v) for k, v in scope.module.items() if k not in scope.values]
    named = {source(node): node for node, v in [*scope.held, *unread] if is_order(v, n)}
    for node in [*named.values()][:MOST] if scope.array_module else ():
        yield from (deepcopy(node), _inverse(deepcopy(node), scope))


def _inverse(order, scope):
    sort = ast.Attribute(ast.Name(scope.array_module, ast.Load()), "argsort", ast.Load())
    return ast.Call(sort, [order], [])


def _sorted(value):
    try:
        return sorted(int(v) for v in value if v == int(v))
    except (TypeError, ValueError, OverflowError):  # of infinity
        return []
