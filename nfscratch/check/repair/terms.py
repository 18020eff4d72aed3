"""What is missing around an expression: a sign, a function, a factor, a term that one of the variables holds."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations

from nfscratch.check.repair.edit import Place
from nfscratch.check.repair.expressions import turned
from nfscratch.check.repair.scope import Scope

FUNCTIONS = ("abs", "log", "exp", "tanh", "sqrt", "argsort", "cumsum", "log1p", "expm1")
VALUES = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Return)  # their value, or an element of it, is a whole term


def negated(place: Place) -> Iterator[ast.AST]:
    """The other sign of a whole term, of an argument, and of an exponent."""
    if is_number(place.node) and (is_term(place) or isinstance(place.parent, (ast.Call, ast.keyword))):
        yield ast.UnaryOp(ast.USub(), place.node)


def wrapped(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """A function or a factor around an expression."""
    node, np = place.node, scope.array_module
    if not is_number(node) or (isinstance(place.parent, ast.Attribute) and isinstance(node, ast.Call)):
        return
    value = scope.values.get(node.id) if isinstance(node, ast.Name) else None
    order = value is None or getattr(getattr(value, "dtype", None), "kind", None) in ("i", "u")  # a permutation
    for name in FUNCTIONS if np else ():
        if name != "argsort" or order:
            yield _call(np, name, node)
    one, two = ast.Constant(1.0), ast.Constant(2.0)
    yield ast.BinOp(node, ast.Pow(), ast.Constant(2))
    yield from (ast.BinOp(two, ast.Mult(), node), ast.BinOp(node, ast.Div(), two), ast.BinOp(one, ast.Div(), node))
    yield from (ast.BinOp(one, op, node) for op in (ast.Sub(), ast.Add()))
    yield from (ast.BinOp(node, op, one) for op in (ast.Sub(), ast.Add()))
    yield ast.BinOp(one, ast.Sub(), ast.BinOp(node, ast.Pow(), ast.Constant(2)))  # the slope of a tanh
    yield ast.BinOp(node, ast.Mult(), ast.BinOp(one, ast.Sub(), node))  # of a sigmoid
    yield turned(node)
    yield from (_reversed(node, columns) for columns in (True, False))


def joined(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """A whole term, plus, minus or times what a variable holds; a part of a formula, plus or minus a variable."""
    if not is_number(place.node):
        return
    if not is_term(place):
        if isinstance(place.node, ast.BinOp):
            yield from _with_variable(place.node, scope)
        return
    for name in scope.like(0.0) + [k for k, v in scope.values.items() if getattr(v, "ndim", 0) in (1, 2)]:
        for held in _forms(name, scope):
            for op in (ast.Add(), ast.Sub(), ast.Mult(), ast.Div()):
                yield ast.BinOp(place.node, op, held)
    whole = [k for k in scope.like(1) if isinstance(scope.values[k], int) and scope.values[k] > 1]
    for a, b in combinations(whole[:8], 2):  # the pixels of an image
        yield ast.BinOp(place.node, ast.Mult(), ast.BinOp(ast.Name(a, ast.Load()), ast.Mult(), ast.Name(b, ast.Load())))


def _with_variable(node, scope):
    for name in [k for k, v in scope.values.items() if getattr(v, "ndim", 0)]:
        for op in (ast.Sub(), ast.Add()):
            yield ast.BinOp(node, op, ast.Name(name, ast.Load()))


def inverted(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """The inverse matrix, in the place of a transpose or of the matrix itself."""
    node, np = place.node, scope.array_module
    if np is None or not is_number(node):
        return
    matrix = node.value if isinstance(node, ast.Attribute) and node.attr == "T" else node
    if getattr(scope.values.get(getattr(matrix, "id", None)), "ndim", 0) == 2:
        inv = ast.Call(ast.Attribute(ast.Attribute(ast.Name(np, ast.Load()), "linalg", ast.Load()), "inv", ast.Load()),
                       [matrix], [])  # fmt: skip
        yield from (inv, turned(inv))


def replaced(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """Another operation with another operand, which stands elsewhere in the function; or such an operand besides."""
    node = place.node
    if isinstance(node, ast.BinOp):
        for op in (ast.Mult(), ast.Div(), ast.Add(), ast.Sub()):
            yield from (ast.BinOp(node.left, op, other) for other in scope.pool)
    elif isinstance(node, (ast.Name, ast.Subscript, ast.Attribute)) and is_number(node):
        yield from scope.pool
        for op in (ast.Mult(), ast.Add(), ast.Sub(), ast.Div()):
            yield from (ast.BinOp(node, op, other) for other in scope.pool)


def filled(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """An expression in the place of a number."""
    if isinstance(place.node, ast.Constant) and type(place.node.value) in (int, float):
        yield from scope.pool


def is_number(node: ast.AST) -> bool:
    """Whether an expression is likely to have numbers as its value."""
    kinds = (ast.Name, ast.BinOp, ast.Call, ast.Subscript, ast.UnaryOp, ast.Attribute)
    return isinstance(node, kinds) and isinstance(getattr(node, "ctx", ast.Load()), ast.Load)


def is_term(place: Place) -> bool:
    """Whether it is the whole value of a statement, or one of the values that the statement gives together."""
    around = place.above[-2] if isinstance(place.parent, ast.Tuple) and len(place.above) > 1 else place.parent
    return isinstance(around, (*VALUES, ast.Lambda)) and place.field in ("value", "elts", "body")


def _forms(name, scope):
    """A variable as a term: itself, its sum over the columns, and the logarithms and exponentials of it."""
    v, np = ast.Name(name, ast.Load()), scope.array_module
    yield v
    if np is None:
        return
    size = _call(np, "log", _call(np, "abs", v))
    yield from (size, _call(np, "exp", v))
    axes = getattr(scope.values.get(name), "ndim", 0)
    if axes:
        over_columns = [ast.keyword("axis", ast.Constant(1))] if axes > 1 else []
        yield from (_call(np, "sum", term, over_columns) for term in (v, size))


def _call(np, name, node, keywords=()):
    return ast.Call(ast.Attribute(ast.Name(np, ast.Load()), name, ast.Load()), [node], list(keywords))


def _reversed(node, columns):
    back = ast.Slice(None, None, ast.UnaryOp(ast.USub(), ast.Constant(1)))
    return ast.Subscript(node, ast.Tuple([ast.Slice(), back], ast.Load()) if columns else back, ast.Load())
