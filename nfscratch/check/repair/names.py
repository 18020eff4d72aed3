"""Changes of one name: another variable, attribute, key or function of the same kind in its place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as onp

from nfscratch.check.repair.edit import Place, placed
from nfscratch.check.repair.live_code import kind
from nfscratch.check.repair.scope import Scope

MOST_TABLES = 8


def other_names(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """What could stand in the place of a name that is read."""
    node = place.node
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        value = scope.values.get(node.id)
        alike = [*scope.like(value), *(_rows(scope) if _is_counted(place) else ())]
        others = [name for name in dict.fromkeys(alike) if name != node.id and not scope.comes_back(name)]
        yield from (ast.Name(name, node.ctx) for name in others)
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
    """An element of an array, in the place of the whole."""
    node = place.node
    if not isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)) or place.field == "func":
        return
    value = scope.value_of(node)
    if isinstance(value, (list, tuple)) or getattr(value, "ndim", 0):
        whole = [k for k, v in scope.locals.items() if _is_whole(v)]
        yield from (ast.Subscript(node, ast.Name(k, ast.Load()), ast.Load()) for k in whole[:4])


def _is_whole(value):
    """Whether it counts, or is an array of numbers that do: a bin for each row."""
    kind_of = getattr(getattr(value, "dtype", None), "kind", "")
    return (isinstance(value, int) and not isinstance(value, bool)) or kind_of in ("i", "u")


def other_tables(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """An element of another table at the same place, or at a part of it: xs[k] for cdf[j, k]."""
    node = place.node
    if not isinstance(node, ast.Subscript) or not isinstance(node.value, (ast.Name, ast.Attribute)):
        return
    table = scope.value_of(node.value)
    if getattr(table, "dtype", None) is None:
        return
    shape = onp.shape(scope.evaluated(node))
    parts = [node.slice, *(node.slice.elts if isinstance(node.slice, ast.Tuple) else ())]
    arrays = [(other, v) for other, v in scope.held if hasattr(v, "dtype")]  # to NumPy, float64 == None
    others = [other for other, v in arrays if v is not table and v.dtype == table.dtype]
    for other in others[:MOST_TABLES]:
        for part in parts:
            new = placed(ast.Subscript(other, part, ast.Load()), node)
            value = scope.evaluated(new)
            if value is not None and onp.shape(value) == shape:
                yield new


def woven(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """Two parts joined by a function of the user's, weave(a, b), or column by column in turn."""
    node = place.node
    parts = node.args[0].elts if isinstance(node, ast.Call) and node.args and _is_row(node.args[0]) else []
    codes = {k: getattr(v, "__code__", None) for k, v in scope.values.items()}
    if len(parts) == 2:
        for name in [k for k, c in codes.items() if c is not None and c.co_argcount == 2 and not scope.comes_back(k)]:
            for row in (parts, parts[::-1]):
                yield ast.Call(ast.Name(name, ast.Load()), list(row), [])
        if scope.array_module and takes_every_second(scope.function):
            yield from (placed(_dealt(scope.array_module, row), node) for row in (parts, parts[::-1]))


def takes_every_second(function):
    return any(isinstance(n, ast.Slice) and n.step is not None for n in ast.walk(function))


def _dealt(np, row):
    """Two parts, column by column in turn."""
    a, b = map(ast.unparse, row)
    return ast.parse(f"{np}.stack([{a}, {b}], axis=2).reshape(len({a}), -1)", mode="eval").body


def _is_row(node):
    return isinstance(node, (ast.List, ast.Tuple))


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
    if isinstance(value, ModuleType) or not held:
        return {}
    methods = {k: getattr(value, k) for k, v in vars(type(value)).items() if callable(v) and not k.startswith("__")}
    return methods | held


def _like(name, held):
    if name not in held:
        return []
    return [other for other, value in held.items() if other != name and kind(value) == kind(held[name])]
