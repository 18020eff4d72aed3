"""Changes of an index: a slice, or a number, that is off by one at one end or at both."""

from __future__ import annotations

import ast
from collections.abc import Iterator


def slices(node: ast.Subscript) -> Iterator[ast.AST]:
    """Another slice of the same."""
    s = node.slice
    for part in s.elts if isinstance(s, ast.Tuple) else [s]:
        if isinstance(part, ast.Slice):
            yield from (_with_part(node, part, new) for new in _other_slices(part))


def indices(node: ast.Subscript) -> Iterator[ast.AST]:
    """The element before it, or after it."""
    s = node.slice
    for part in s.elts if isinstance(s, ast.Tuple) else [s]:
        if isinstance(part, (ast.Name, ast.BinOp)) or is_whole(part):
            yield from (_with_part(node, part, plus(part, k)) for k in (1, -1))


def is_whole(node: ast.AST) -> bool:
    """Whether it is a whole number."""
    return isinstance(node, ast.Constant) and type(node.value) is int


def _with_part(node, part, new):
    s = node.slice
    changed = new if part is s else ast.Tuple([new if p is part else p for p in s.elts], ast.Load())
    return ast.Subscript(node.value, changed, node.ctx)


def _other_slices(part):
    if part.step is not None:
        yield ast.Slice(part.lower, part.upper, None)
        return
    yield ast.Slice(part.upper, part.lower, None)
    if part.lower is None and part.upper is None:
        yield ast.Slice(None, None, ast.UnaryOp(ast.USub(), ast.Constant(1)))
    for a, b in ((1, 0), (0, 1), (0, -1), (-1, 0), (1, 1), (-1, -1)):  # the last two move both ends
        yield ast.Slice(plus(part.lower, a) if a else part.lower, plus(part.upper, b) if b else part.upper, None)


def plus(node: ast.expr | None, k: int) -> ast.expr | None:
    """node + k, as a person would write it."""
    if node is None:
        return None
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return ast.Constant(node.value + k)
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)) and is_whole(node.right):
        n = node.right.value * (1 if isinstance(node.op, ast.Add) else -1) + k  # i - 1 + 1 is i, and i - 1 - 1 is i - 2
        return ast.BinOp(node.left, ast.Add() if n > 0 else ast.Sub(), ast.Constant(abs(n))) if n else node.left
    return ast.BinOp(node, ast.Add() if k > 0 else ast.Sub(), ast.Constant(abs(k)))
