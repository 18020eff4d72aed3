"""Products of matrices in a piece of source: a matrix that stands twice in one of them undoes itself, or is meant once.

z @ (P @ L).T @ P        P stands twice, and so it does in solve(P, P @ L)
x @ A + x @ B            two products: x stands once in each
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

INVERTING = ("solve", "solve_triangular", "inv", "pinv")


def repeated_factors(text: str) -> set[str]:
    """The names that stand more than once in one product of matrices, with .T or without."""
    try:
        tree = ast.parse(text)
    except SyntaxError:  # the head of a loop
        return set()
    counts = [Counter(_factors(product)) for product in _products(tree)]
    return {name for count in counts for name, times in count.items() if times > 1}


def _products(node) -> Iterator[ast.expr]:
    """The largest ones."""
    if _is_product(node):
        yield node
    else:
        for child in ast.iter_child_nodes(node):
            yield from _products(child)


def _factors(node) -> Iterator[str]:
    """The names that a product has as factors: of A.T, and of a call, nothing but what it is made of."""
    if _is_product(node):
        for part in node.args if isinstance(node, ast.Call) else (node.left, node.right):
            yield from _factors(part)
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield from _factors(node.value)
    elif isinstance(node, (ast.Name, ast.Attribute)):
        yield ast.unparse(node)


def _is_product(node):
    return _is_of_inverse(node) or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult))


def _is_of_inverse(node):
    """Whether it is solve(A, b) or inv(A)."""
    return isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in INVERTING
