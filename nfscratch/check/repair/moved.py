"""Changes of one expression that move a part of it: out of a call, into one, or before another call.

f(a) - b        for   f(a - b)             and back
f(g(a))         for   g(f(a))              log of a sum, sum of logs
(a - b)[:, p]   for   a[:, p] - b         and back
v.reshape(len(v), -1).sum(axis=1)          for a sum over some of the axes alone
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

REDUCE = {"sum", "mean", "prod"}


def moved(node: ast.AST) -> Iterator[ast.AST]:
    """What an expression could have been with one of its parts at another place."""
    if isinstance(node, ast.BinOp):
        yield from _into_call(node)
        yield from _into_subscript(node)
    elif isinstance(node, ast.Call):
        yield from _out_of_call(node)
        yield from _calls_exchanged(node)
        yield from _elements_first(node)
    if isinstance(node, ast.Subscript):
        yield from _out_of_subscript(node)
    if isinstance(node, (ast.Call, ast.Subscript)):
        yield from _row_totals(node)


def _into_call(node):
    """f(a op b), for f(a) op b and for b op f(a)."""
    for call, other, turn in ((node.left, node.right, False), (node.right, node.left, True)):
        if isinstance(call, ast.Call):
            for k, a in enumerate(call.args):
                if not isinstance(a, (ast.Constant, ast.Starred)):
                    both = ast.BinOp(other, node.op, a) if turn else ast.BinOp(a, node.op, other)
                    yield _with_argument(call, k, both)


def _out_of_call(node):
    """f(a) op b, for f(a op b); and a op f(b)."""
    for k, a in enumerate(node.args):
        if isinstance(a, ast.BinOp):
            yield ast.BinOp(_with_argument(node, k, a.left), a.op, a.right)
            yield ast.BinOp(a.left, a.op, _with_argument(node, k, a.right))


def _into_subscript(node):
    """(a op b)[k], for a[k] op b and for a op b[k]."""
    left, right = node.left, node.right
    if isinstance(left, ast.Subscript):
        yield _subscript(ast.BinOp(left.value, node.op, right), left)
    if isinstance(right, ast.Subscript):
        yield _subscript(ast.BinOp(left, node.op, right.value), right)


def _out_of_subscript(node):
    """a[k] op b and a op b[k], for (a op b)[k]."""
    if isinstance(both := node.value, ast.BinOp):
        yield ast.BinOp(_subscript(both.left, node), both.op, both.right)
        yield ast.BinOp(both.left, both.op, _subscript(both.right, node))


def _subscript(value, like):
    return ast.Subscript(value, like.slice, ast.Load())


def _with_argument(call, k, new):
    return ast.Call(call.func, [new if i == k else a for i, a in enumerate(call.args)], call.keywords)


def _calls_exchanged(node):
    """g(f(a)) for f(g(a)); methods, too: log(a).sum() for log(a.sum())."""
    if not node.args or not isinstance(inner := node.args[0], ast.Call):
        return
    if _is_method(inner):
        yield ast.Call(ast.Attribute(_with_argument(node, 0, inner.func.value), inner.func.attr, ast.Load()),
                       inner.args, inner.keywords)  # fmt: skip
    elif inner.args:
        yield _with_argument(inner, 0, _with_argument(node, 0, inner.args[0]))


def _elements_first(node):
    """log(einsum("nii->ni", a)).sum(axis=-1), for log(einsum("nii->n", a))."""
    if not node.args or not isinstance(inner := node.args[0], ast.Call) or not inner.args:
        return
    text = getattr(inner.args[0], "value", None)
    if isinstance(text, str) and "->" in text:
        left, right = text.split("->")
        for letter in dict.fromkeys(c for c in left if c.isalpha() and c not in right):
            longer = _with_argument(inner, 0, ast.Constant(f"{left}->{right}{letter}"))
            yield _sum(_with_argument(node, 0, longer), -1)


def _row_totals(node):
    """The sum over all axes but the first, for one over some of them."""
    while isinstance(node, ast.Subscript):
        node = node.value
    name = getattr(getattr(node, "func", None), "attr", "")
    if not isinstance(node, ast.Call) or name not in REDUCE:
        return
    array = node.func.value if _is_method(node) else next(iter(node.args), None)
    if array is not None:
        size = ast.Call(ast.Name("len", ast.Load()), [array], [])
        flat = ast.Call(ast.Attribute(array, "reshape", ast.Load()), [size, ast.Constant(-1)], [])
        yield _sum(flat, 1)


def _sum(array, axis):
    return ast.Call(ast.Attribute(array, "sum", ast.Load()), [], [ast.keyword("axis", ast.Constant(axis))])


def _is_method(call):
    """Whether it is a method of an array: a.sum(), not np.sum(a)."""
    func = call.func
    return isinstance(func, ast.Attribute) and not (isinstance(func.value, ast.Name) and func.value.id in MODULES)


MODULES = {"np", "numpy", "onp", "torch", "jnp", "xp", "math", "F", "scipy", "linalg", "special"}
