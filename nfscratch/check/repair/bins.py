"""Bins: a limit of a table's index that comes one bin too early, so that the first or the last bin is never used.

np.clip(k, 0, len(a) - 3)    for len(a) - 2: beyond the last knot but one the line of another bin goes on
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from copy import deepcopy

import numpy as onp

from nfscratch.check.repair.edit import Place, source
from nfscratch.check.repair.scope import Scope

LOWER, UPPER = ("maximum", "max"), ("minimum", "min")
TABLES = {"searchsorted": 0, "bisect": 0, "bisect_left": 0, "bisect_right": 0, "digitize": 1}  # which argument it is


def limits_moved(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """The call with its upper limit one later, and with its lower one earlier."""
    if isinstance(place.node, ast.Call) and _is_of_indices(place.node, scope):
        for k, is_upper in _limits(place.node):
            value = scope.evaluated(place.node.args[k]) if _is_limit(place.node.args[k]) else None
            if isinstance(value, (int, onp.integer)) and not isinstance(value, bool):
                moved = _later(place.node.args[k], int(value), scope) if is_upper else _earlier(int(value))
                for limit in moved:
                    args = [limit if i == k else deepcopy(a) for i, a in enumerate(place.node.args)]
                    yield ast.Call(deepcopy(place.node.func), args, place.node.keywords)


def moves_limit(before: str, after: str) -> bool:
    """Whether nothing but limits of such calls is another."""
    try:
        return before != after and _without_limits(before) == _without_limits(after)
    except SyntaxError:  # the head of a loop
        return False


def finds_bins(text: str) -> bool:
    """Whether the source looks up a bin, or rounds a number to an index."""
    return any(word in text for word in (*TABLES, "floor", "astype(int"))


def _without_limits(text):
    tree = ast.parse(text)
    for node in [n for n in ast.walk(tree) if isinstance(n, ast.Call)]:
        limits = [k for k, _ in _limits(node) if _is_limit(node.args[k])]
        node.args = [ast.Constant(None) if k in limits else a for k, a in enumerate(node.args)]
    return ast.dump(tree)


def _is_of_indices(node, scope):
    value = onp.asarray(scope.evaluated(node)) if list(_limits(node)) else None
    return value is not None and value.dtype.kind == "i"


def _is_limit(node):
    """Whether it calls nothing but len: min(max(k, 0), 3) has one."""
    return all(getattr(n.func, "id", "") == "len" for n in ast.walk(node) if isinstance(n, ast.Call))


def _limits(node):
    """(which argument, whether it is an upper one) of each argument that may be a limit."""
    name, last = getattr(node.func, "attr", getattr(node.func, "id", "")), len(node.args) - 1
    if name == "clip" and last in (1, 2):  # k.clip(0, n) and np.clip(k, 0, n)
        yield from ((last - 1, False), (last, True))
    elif name in LOWER + UPPER and last == 1:
        yield from ((k, name in UPPER) for k in (0, 1))


def _earlier(value):
    return [ast.Constant(value - 1)] if value > 0 else []


def _later(limit, value, scope):
    """One more, in words: of a table that is searched len(a) - 2; where it says n - 3 by itself, n - 2."""
    for table in _searched(scope.function):
        held = scope.evaluated(table)
        if source(table) not in source(limit) and onp.ndim(held) and onp.shape(held)[-1] - 2 == value + 1:
            length = f"len({source(table)})" if onp.ndim(held) == 1 else f"{source(table)}.shape[-1]"
            return [ast.parse(f"{length} - 2", mode="eval").body]
    if isinstance(limit, ast.BinOp) and isinstance(limit.op, ast.Sub) and isinstance(limit.right, ast.Constant):
        less = limit.right.value - 1
        return [ast.BinOp(deepcopy(limit.left), ast.Sub(), ast.Constant(less)) if less else deepcopy(limit.left)]
    if isinstance(limit, ast.Constant):
        return [ast.Constant(value + 1)]
    return [ast.BinOp(deepcopy(limit), ast.Add(), ast.Constant(1))]


def _searched(function):
    """The tables in which the function looks for a place."""
    calls = [n for n in ast.walk(function) if isinstance(n, ast.Call)] if function else []
    named = [(n, TABLES.get(getattr(n.func, "attr", getattr(n.func, "id", "")))) for n in calls]
    return [n.args[k] for n, k in named if k is not None and len(n.args) > k]
