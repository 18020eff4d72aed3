"""Frequencies: a sum over what rfft gives, which holds each of the inner frequencies once, where D of them are meant.

log|F|.sum() + log|F|[1:-1].sum()      of an even D: the first and the last frequency stand alone
log|F|.sum() + log|F|[1:].sum()        of an odd one: the first alone
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from copy import deepcopy

import numpy as onp

from nfscratch.check.repair.edit import Place, placed
from nfscratch.check.repair.scope import Scope


def counted_twice(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """The sum with the inner frequencies once more; also of one that counts all of them twice."""
    if not scope.named & {"rfft", "irfft"}:
        return
    node = place.node
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        sums = [side for side in (node.left, node.right) if _summed(side) is not None]
        both = len(sums) == 1 and any(getattr(side, "value", None) == 2 for side in (node.left, node.right))
        node = sums[0] if both else node
    if (summed := _summed(node)) is None:
        return
    for last in (ast.UnaryOp(ast.USub(), ast.Constant(1)), None):
        inner = ast.Slice(ast.Constant(1), last, None)
        index = inner if onp.ndim(scope.evaluated(deepcopy(summed))) == 1 else _at_end(inner)
        again = _of(node, ast.Subscript(deepcopy(summed), index, ast.Load()))
        yield placed(ast.BinOp(deepcopy(node), ast.Add(), again), place.node)


def _at_end(inner):
    return ast.Tuple([ast.Constant(...), inner], ast.Load())


def _summed(node):
    """What is summed: of np.sum(a), and of a.sum()."""
    func = node.func if isinstance(node, ast.Call) else None
    if not isinstance(func, ast.Attribute) or func.attr != "sum":
        return None
    return node.args[0] if node.args else func.value


def _of(call, new):
    """The sum of something else."""
    if call.args:
        return ast.Call(deepcopy(call.func), [new, *deepcopy(call.args[1:])], deepcopy(call.keywords))
    return ast.Call(ast.Attribute(new, "sum", ast.Load()), [], deepcopy(call.keywords))
