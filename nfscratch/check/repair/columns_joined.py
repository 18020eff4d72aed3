"""ColumnsJoined: other columns in a row of them, and halves that are put back where they were taken from.

np.c_[z0, z1]                   np.c_[z1, b]: what a layer conditions on, of which each column is another one
join(a, b)[:, argsort(...)]     join(a, b), where another function took a = z[:, ::2], b = z[:, 1::2]
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from itertools import pairwise, permutations
from typing import Any

from nfscratch.check.repair.edit import Place, placed, source
from nfscratch.check.repair.names import takes_every_second
from nfscratch.check.repair.scope import Scope

MOST_NAMES = {2: 10, 3: 6}  # variables that may be one of the columns of a row, by how many these are
JOINS = ("concatenate", "hstack", "column_stack", "cat", "append")


def other_rows(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """A row of columns, or what a call is given, of which two are other variables of the function, in every order."""
    node = place.node
    if isinstance(node, (ast.Tuple, ast.List)) and isinstance(node.ctx, ast.Load):
        yield from (type(node)(row, ast.Load()) for row in _rows(node.elts, scope, len(node.elts)))
    elif isinstance(node, ast.Call):
        yield from (ast.Call(node.func, row, node.keywords) for row in _rows(node.args, scope, 2))


def _rows(now, scope, least):
    """The row, with other columns where it has columns: two or three, and `least` at least."""
    arrays = {k: v for k, v in scope.locals.items() if getattr(v, "ndim", 0) in (1, 2) and hasattr(v, "dtype")}
    at = [i for i, e in enumerate(now) if getattr(e, "id", None) in arrays]
    shapes = {arrays[now[i].id].shape for i in at}
    if len(at) not in MOST_NAMES or len(at) < least:
        return
    alike = [k for k, v in arrays.items() if {v.shape} == shapes and v.dtype == arrays[now[at[0]].id].dtype]
    for names in permutations(alike[: MOST_NAMES[len(at)]], len(at)):
        if sum(now[i].id != name for i, name in zip(at, names, strict=True)) > 1:
            new = {i: ast.Name(name, ast.Load()) for i, name in zip(at, names, strict=True)}
            yield [new.get(i, e) for i, e in enumerate(now)]


class Splits:
    """The pairs of slices in which functions take the columns of one array apart, one of them with a step."""

    def __init__(self, met: Iterable[tuple[Place, Scope]]):
        slices = [place.node for place, _ in met if _is_of_columns(place.node)]
        pairs = [(a, b) for a, b in pairwise(slices) if source(a.value) == source(b.value)]
        self.found = {tuple(source(n.slice.elts[1]) for n in pair): pair for pair in pairs}

    def put_back(self, place: Place, scope: Scope) -> Iterator[ast.AST]:
        """What joins two halves, with each column where it was taken from."""
        value = scope.evaluated(place.node) if self.found and _joins_two(place.node) else None
        if getattr(value, "ndim", 0) != 2 or not scope.array_module:
            return
        if scope.function is not None and takes_every_second(scope.function):  # names.woven says it shorter
            return
        columns = f"range({value.shape[1]})"
        for a, b in self.found:
            order = f"{scope.array_module}.argsort([*{columns}[{a}], *{columns}[{b}]])"
            new = ast.parse(f"{source(place.node)}[:, {order}]", mode="eval").body
            yield placed(new, place.node)


def puts_back(before: str, after: str) -> bool:
    """Whether a change is one of those that Splits makes."""
    return "argsort([*range(" in after and "argsort([*range(" not in before


def _is_of_columns(node: Any) -> bool:
    """Whether it is a[:, start::step]."""
    index = node.slice.elts if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple) else []
    return len(index) == 2 and isinstance(index[1], ast.Slice) and index[1].step is not None


def _joins_two(node):
    """Whether it is np.concatenate([a, b], axis=1), np.hstack((a, b)) or np.c_[a, b]."""
    if isinstance(node, ast.Subscript):
        return (
            getattr(node.value, "attr", "") == "c_" and isinstance(node.slice, ast.Tuple) and len(node.slice.elts) == 2
        )
    func = getattr(node, "func", None)
    parts = node.args[0] if func is not None and node.args else None
    named = getattr(func, "attr", getattr(func, "id", "")) in JOINS
    return named and isinstance(parts, (ast.Tuple, ast.List)) and len(parts.elts) == 2
