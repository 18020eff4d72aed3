"""Lacking: what one function alone reads, and another one may lack.

self.shift stands in forward and nowhere else: an object keeps what both directions need, and so it is tried as a term
and as a factor wherever the others have an array.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from nfscratch.check.repair.edit import Place, placed, source
from nfscratch.check.repair.live_code import kind
from nfscratch.check.repair.scope import Scope
from nfscratch.check.repair.terms import is_number

LARGE = 10.0
MOST = 6  # names and numbers that are tried in one function


class Lacking:
    """The numbers and arrays that one of the functions which a run met reads alone."""

    def __init__(self, met: Iterable[tuple[Place, Scope]]):
        read: dict[str, dict[int, tuple[ast.expr, Scope]]] = {}
        for place, scope in met:
            if _is_number(place.node) or (_is_name(place.node) and not _is_part(place)):
                read.setdefault(source(place.node), {})[id(scope.function)] = place.node, scope
        alone = [next(iter(of.values())) for of in read.values() if len(of) == 1]
        self.alone = [(node, scope) for node, scope in alone if _is_kept(node, scope)]

    def beside(self, place: Place, scope: Scope) -> Iterator[ast.AST]:
        """An array with each of them, as a term, as a factor, and as a factor's logarithm."""
        if place.is_index or not is_number(place.node) or place.field in ("func", "iter"):
            return
        if getattr(scope.value_of(place.node), "ndim", 1) == 0:
            return
        theirs = [node for node, there in self.alone if there.function is not scope.function]
        for node in theirs[:MOST]:
            for new in _with(place.node, node, scope.array_module):
                yield placed(new, place.node)


def _with(node, other, np):
    for op in (ast.Sub(), ast.Add(), ast.Div(), ast.Mult()):
        yield ast.BinOp(node, op, other)
    exp = ast.Attribute(ast.Name(np, ast.Load()), "exp", ast.Load())
    for sign in (ast.UnaryOp(ast.USub(), other), other) if np else ():
        yield ast.BinOp(node, ast.Mult(), ast.Call(exp, [sign], []))


def _is_name(node):
    return isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load)


def _is_number(node):
    """Whether it is a number such as a floor of 0.1: one that says something, and no end of a bracket."""
    said = isinstance(node, ast.Constant) and type(node.value) is float
    return said and abs(node.value) < LARGE and node.value not in (0.0, 0.5, 1.0, 2.0)


def _is_part(place):
    """Whether it is a part of a longer name, or what is called."""
    return isinstance(place.parent, ast.Attribute) or place.field == "func"


def _is_kept(node, scope):
    """Whether it is an attribute of an object, or a number of the module: no variable of the function."""
    if _is_number(node):
        return True
    own = isinstance(node, ast.Name) and node.id in scope.locals
    numbers = kind(scope.value_of(node))
    return not own and numbers not in (None, "callable")
