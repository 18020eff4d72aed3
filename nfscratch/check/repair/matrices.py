"""Matrices: one that is missing, or stands where its inverse is meant; a determinant where its logarithm is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from copy import deepcopy

from nfscratch.check.repair.edit import Place, source
from nfscratch.check.repair.expressions import turned
from nfscratch.check.repair.orders import is_copy
from nfscratch.check.repair.scope import Scope
from nfscratch.check.repair.terms import VALUES, is_number

MOST = 6  # of one function


def inverted(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """The inverse matrix, in the place of a transpose or of the matrix itself; a matrix that is missing."""
    node, np = place.node, scope.array_module
    if np is None or not is_number(node) or place.field == "func":
        return
    if isinstance(node, ast.Call) and source(node.func).split(".")[-1] == "det" and len(node.args) == 1:
        yield ast.Subscript(_linalg(np, "slogdet", node.args), ast.Constant(1), ast.Load())
    matrix = node.value if isinstance(node, ast.Attribute) and node.attr == "T" else node
    if isinstance(matrix, (ast.Name, ast.Attribute, ast.Subscript)) and _is_square(scope.value_of(matrix)):
        inv = _linalg(np, "inv", [matrix])
        yield from (inv, turned(inv))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        yield from _with_matrix(node, scope, np)
    named = node.func.value if is_copy(node) else node
    if isinstance(named, ast.Name) and (place.field == "args" or isinstance(place.parent, VALUES)):
        yield from _times(named, getattr(scope.value_of(named), "shape", ()), scope)


def _with_matrix(node, scope, np):
    for m, _ in _squares(scope):
        yield from (_linalg(np, "solve", [m, node]), _linalg(np, "solve", [turned(m), node]))
        for factor in (m, turned(m), _linalg(np, "inv", [m])):
            yield from (ast.BinOp(factor, ast.MatMult(), node), ast.BinOp(node, ast.MatMult(), factor))


def _times(node, shape, scope):
    """A matrix that stood before the columns, or after the rows, of a variable."""
    if len(shape) != 2:
        return
    for m, size in _squares(scope):
        for factor in (turned(m), m):
            yield from [ast.BinOp(factor, ast.MatMult(), node)] * (shape[0] == size)
            yield from [ast.BinOp(node, ast.MatMult(), factor)] * (shape[1] == size)


def _squares(scope):
    """(expression, size) of square matrices, first those that are read: what was left out may be read by none."""
    unread = [(ast.Name(k, ast.Load()), v) for k, v in scope.module.items() if k not in scope.values]
    everything = {source(node): (node, v) for node, v in [*scope.held, *unread]}
    return [(deepcopy(node), len(v)) for node, v in everything.values() if _is_square(v)][:MOST]


def _is_square(value):
    shape = getattr(value, "shape", ())
    return isinstance(shape, tuple) and len(shape) == 2 and shape[0] == shape[1]


def _linalg(np, name, args):
    return ast.Call(ast.Attribute(ast.Attribute(ast.Name(np, ast.Load()), "linalg", ast.Load()), name, ast.Load()),
                    args, [])  # fmt: skip
