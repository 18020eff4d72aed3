"""Search loops: whether a line of a user's code stands in a loop that ends when it is close enough, or only asks.

A `while` is such a loop, and one that a `break` or a `return` ends. A loop over columns or layers is none.
"""

from __future__ import annotations

import ast
from inspect import getsourcelines
from textwrap import dedent
from types import CodeType


def ends_by_itself(code: CodeType, line: int) -> bool:
    """Whether this line stands in a `while`, or in a loop that a `break` or `return` ends."""
    loops = (node for node in _nodes_at(code, line) if isinstance(node, (ast.For, ast.While)))
    return any(isinstance(loop, ast.While) or _is_left(loop) for loop in loops)


def is_asked(code: CodeType, line: int) -> bool:
    """Whether this line is of an `assert`, or of the condition of an `if`: what stands there is in no result."""
    return any(isinstance(node, ast.Assert) or isinstance(node, _Condition) for node in _nodes_at(code, line))


class _Condition(ast.Expr):
    """What an `if` asks."""


def _is_left(loop):
    return any(isinstance(node, (ast.Break, ast.Return)) for node in ast.walk(loop))


def _nodes_at(code, line):
    """The statements, and the conditions of `if`, that this line of a code is in."""
    try:
        lines, first = getsourcelines(code)
        tree = ast.parse(dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError):  # no source, or a lambda in the middle of a line
        return []
    here = line - max(first, 1) + 1
    tests = [ast.copy_location(_Condition(node.test), node.test) for node in ast.walk(tree) if isinstance(node, ast.If)]
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.stmt)] + tests
    return [node for node in nodes if node.lineno <= here <= (node.end_lineno or 0)]
