"""Changes of one name: another variable, attribute, key or function of the same kind in its place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from nfscratch.check.repair.edit import Place
from nfscratch.check.repair.live_code import kind
from nfscratch.check.repair.scope import Scope


def other_names(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """What could stand in the place of a name that is read."""
    node = place.node
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        value = scope.values.get(node.id)
        yield from (ast.Name(name, node.ctx) for name in scope.like(value) if name != node.id)
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        held = _attributes(scope.values.get(node.value.id))
        yield from (ast.Attribute(node.value, name, node.ctx) for name in _like(node.attr, held))
    elif isinstance(node, ast.Subscript) and _is_word(node.slice) and isinstance(node.value, ast.Name):
        held = scope.values.get(node.value.id)
        names = _like(node.slice.value, held) if isinstance(held, dict) else []
        yield from (ast.Subscript(node.value, ast.Constant(name), node.ctx) for name in names)


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
