"""Changes of one name: another variable, attribute, key or function of the same kind in its place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import numpy as onp

from nfscratch.check.repair.edit import Place
from nfscratch.check.repair.live_code import kind
from nfscratch.check.repair.scope import Scope


def other_names(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """What could stand in the place of a name that is read."""
    node = place.node
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        value = scope.values.get(node.id)
        alike = [*scope.like(value), *(_rows(scope) if _is_counted(place) else ())]
        yield from (ast.Name(name, node.ctx) for name in dict.fromkeys(alike) if name != node.id)
        yield from _rows_like(value, scope)
        if isinstance(place.parent, ast.Compare) or (kind(value) == ("numbers", 0) and place.field == "args"):
            yield from (ast.Constant(0), ast.Constant(1))
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        held = _attributes(scope.values.get(node.value.id))
        yield from (ast.Attribute(node.value, name, node.ctx) for name in _like(node.attr, held))
    elif isinstance(node, ast.Subscript) and _is_word(node.slice) and isinstance(node.value, ast.Name):
        held = scope.values.get(node.value.id)
        names = _like(node.slice.value, held) if isinstance(held, dict) else []
        yield from (ast.Subscript(node.value, ast.Constant(name), node.ctx) for name in names)


def _rows_like(value: Any, scope: Scope) -> Iterator[ast.AST]:
    """A row of a table, where the rows have the shape of the value, and a variable of the function counts them."""
    shape = getattr(value, "shape", ())
    tables = [k for k, v in scope.values.items() if shape and tuple(getattr(v, "shape", ()))[1:] == tuple(shape)]
    for table in tables[:4]:
        for count in [k for k, v in scope.locals.items() if type(v) is int][:3]:
            yield ast.Subscript(ast.Name(table, ast.Load()), ast.Name(count, ast.Load()), ast.Load())


def _is_counted(place):
    """Whether it is a[k], with one number k: then a may be a list, too."""
    one = isinstance(place.parent, ast.Subscript) and not isinstance(place.parent.slice, (ast.Slice, ast.Tuple))
    return one and place.field == "value"


def _rows(scope):
    return [k for k, v in scope.locals.items() if isinstance(v, (list, tuple)) or getattr(v, "ndim", 0)]


def indexed(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """An element of an array, in the place of the whole; and the columns in an order that a variable holds."""
    node = place.node
    if not isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)) or place.field == "func":
        return
    value = scope.value_of(node)
    if isinstance(value, (list, tuple)) or getattr(value, "ndim", 0):
        whole = [k for k, v in scope.locals.items() if _is_whole(v)]
        yield from (ast.Subscript(node, ast.Name(k, ast.Load()), ast.Load()) for k in whole[:4])
    if getattr(value, "ndim", 0) == 2:
        orders = [k for k, v in scope.values.items() if scope.array_module and is_order(v, value.shape[1])]
        for name in orders[:4]:
            order = ast.Name(name, ast.Load())
            sort = ast.Attribute(ast.Name(scope.array_module, ast.Load()), "argsort", ast.Load())
            for columns in (order, ast.Call(sort, [order], [])):
                yield ast.Subscript(node, ast.Tuple([ast.Slice(), columns], ast.Load()), ast.Load())


def undone(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """The inverse of an order, where it is an index."""
    value = scope.value_of(place.node)
    if value is None and isinstance(place.node, ast.Name):  # a list of the module
        value = scope.module.get(place.node.id)
    row = isinstance(value, (list, tuple)) or getattr(value, "ndim", 0) == 1
    if place.is_index and scope.array_module and row and is_order(value, len(value)):
        sort = ast.Attribute(ast.Name(scope.array_module, ast.Load()), "argsort", ast.Load())
        yield ast.Call(sort, [place.node], [])


def _is_whole(value):
    """Whether it counts, or is an array of numbers that do: a bin for each row."""
    kind_of = getattr(getattr(value, "dtype", None), "kind", "")
    return (isinstance(value, int) and not isinstance(value, bool)) or kind_of in ("i", "u")


def is_order(value, n):
    """Whether it holds each column's number once."""
    return isinstance(value, (onp.ndarray, list, tuple)) and len(value) == n and _sorted(value) == list(range(n))


def _sorted(value):
    try:
        return sorted(int(v) for v in value if v == int(v))
    except (TypeError, ValueError, OverflowError):  # of infinity
        return []


def in_order(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """Some columns as an order has them: order[:k], for :k."""
    if isinstance(place.node, ast.Slice) and place.node.step is None and (place.node.lower or place.node.upper):
        rows = {k: v for k, v in scope.values.items() if getattr(v, "ndim", 0) == 1 or isinstance(v, (list, tuple))}
        for name in [k for k, v in rows.items() if is_order(v, len(v)) and len(v) > 1][:4]:
            yield ast.Subscript(ast.Name(name, ast.Load()), place.node, ast.Load())


def overwritten(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """A variable that holds newer columns, in the place of a slice of those that the function began with."""
    node = place.node
    if isinstance(node, ast.Subscript) and isinstance(node.slice, (ast.Slice, ast.Tuple)):
        shape = getattr(scope.value_of(node), "shape", ())
        alike = [k for k, v in scope.locals.items() if shape and getattr(v, "shape", None) == shape]
        yield from (ast.Name(name, ast.Load()) for name in alike[:6])


def local_arrays(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """A variable of the function, in the place of a formula: no condition, but where one is asked."""
    if isinstance(place.node, (ast.BinOp, ast.Call, ast.Subscript, ast.Attribute)):
        says_where = place.is_index or (place.field == "args" and place.index == 0)
        arrays = {k: v for k, v in scope.values.items() if getattr(v, "ndim", 0)}
        own = [k for k, v in arrays.items() if says_where or getattr(getattr(v, "dtype", None), "kind", "") != "b"]
        yield from (ast.Name(name, ast.Load()) for name in own[:20])


def _is_word(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _attributes(value: Any) -> dict[str, Any]:
    """What an object holds, and its methods that take as much: {} of an array or a module."""
    held = dict(getattr(value, "__dict__", {}))
    if kind(value) is None and not held:
        return {}
    methods = {k: getattr(value, k) for k, v in vars(type(value)).items() if callable(v) and not k.startswith("__")}
    return methods | held if held else {}


def _like(name, held):
    if name not in held:
        return []
    return [other for other, value in held.items() if other != name and kind(value) == kind(held[name])]
