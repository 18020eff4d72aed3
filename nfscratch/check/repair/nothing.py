"""Nothing: changes after which an expression does nothing, or the same as before.

a - a, a / a, a + 0, 0 * a    (1 - mask) * (mask * t)    a if k else a    a + a, where that was not said
size=(0, D)                   no draws at all
"""

from __future__ import annotations

import ast
import re

NO_PRODUCT = re.compile(r"\(1(?:\.0)? - ([\w.]+)\) \* \(\1 \*")  # (1 - mask) * (mask * t)
SIZES = ("size", "shape")


def says_nothing(before: str, after: str) -> bool:
    """Whether the line, as it is after the change, says one of these, and did not before."""
    return _says(after, before) and not _says(before, before)


def _says(line, before):
    try:
        nodes = list(ast.walk(ast.parse(line)))
    except SyntaxError:  # the head of a loop
        return False
    if NO_PRODUCT.search(line) or any(_is_zero(n) or _is_empty(n) or _is_either(n) for n in nodes):
        return True
    same = [n for n in nodes if isinstance(n, ast.BinOp) and ast.dump(n.left) == ast.dump(n.right)]
    twice = [ast.unparse(n) for n in same if isinstance(n.op, ast.Add)]
    return any(isinstance(n.op, (ast.Sub, ast.Div)) for n in same) or any(text not in before for text in twice)


def _is_zero(node):
    """a + 0, a - 0, 0 * a, a * 0."""
    if not isinstance(node, ast.BinOp):
        return False
    sides = (node.right,) if isinstance(node.op, (ast.Add, ast.Sub)) else (node.left, node.right)
    return isinstance(node.op, (ast.Add, ast.Sub, ast.Mult)) and any(map(_is_0, sides))


def _is_empty(node):
    """size=(0, D)"""
    shape = isinstance(node, ast.keyword) and node.arg in SIZES and isinstance(node.value, (ast.Tuple, ast.List))
    return shape and any(map(_is_0, node.value.elts))


def _is_either(node):
    return isinstance(node, ast.IfExp) and ast.dump(node.body) == ast.dump(node.orelse)


def _is_0(node):
    return isinstance(node, ast.Constant) and type(node.value) in (int, float) and node.value == 0
