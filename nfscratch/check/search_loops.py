"""Search loops: whether a user's line stands in a loop that ends by itself, or when it is close, or only asks.

A `while` ends by itself, and a loop that a `break` or a `return` ends. It ends when it is close where what ends it asks
for a size, for a number below 1e-2, or for a tolerance. `while k < D` counts columns or layers.
"""

from __future__ import annotations

import ast
from inspect import getsourcelines
from textwrap import dedent
from types import CodeType
from typing import Any

SIZES = ("abs", "absolute", "fabs", "max", "amax", "norm", "allclose", "isclose")
TOLERANCES = ("tol", "eps", "accuracy")
SMALL = 1e-2


def ends_by_itself(code: CodeType, line: int) -> bool:
    """Whether this line stands in a `while`, or in a loop that a `break` or `return` ends."""
    loops = (node for node in _nodes_at(code, line) if isinstance(node, (ast.For, ast.While)))
    return any(isinstance(loop, ast.While) or _is_left(loop) for loop in loops)


def ends_when_close(frame: Any, line: int) -> bool:
    """The same, if what ends the loop asks how close it is. frame: one that has run this line, or runs it."""
    values = {**frame.f_globals, **frame.f_locals}
    nodes = _nodes_at(frame.f_code, line)
    made = _made_of(nodes)
    loops = (node for node in nodes if isinstance(node, (ast.For, ast.While)))
    return any(_asks_how_close(test, made, values) for loop in loops for test in _ends_of(loop))


def is_asked(code: CodeType, line: int) -> bool:
    """Whether this line is of an `assert`, or of the condition of an `if`: what stands there is in no result."""
    return any(isinstance(node, ast.Assert) or isinstance(node, _Condition) for node in _nodes_at(code, line))


class _Condition(ast.Expr):
    """What an `if` asks."""


def _is_left(loop):
    return any(isinstance(node, (ast.Break, ast.Return)) for node in ast.walk(loop))


def _ends_of(loop):
    """What is asked where a loop ends."""
    tests = [node.test for node in ast.walk(loop) if isinstance(node, ast.If) and _is_left(node)]
    return [loop.test, *tests] if isinstance(loop, ast.While) else tests


def _made_of(nodes):
    """name: what is put into it, in these statements; a test may ask for a name."""
    made: dict[str, list[ast.AST]] = {}
    for node in (inner for outer in nodes for inner in ast.walk(outer)):
        targets = node.targets if isinstance(node, ast.Assign) else []
        for target in targets:
            if isinstance(target, ast.Name):
                made.setdefault(target.id, []).append(node.value)
    return made


def _asks_how_close(test, made, values):
    names = [node.id for node in ast.walk(test) if isinstance(node, ast.Name)]
    asked = [test, *(value for name in names for value in made.get(name, ()))]
    return any(_is_of_size(node, values) for each in asked for node in ast.walk(each))


def _is_of_size(node, values):
    """Whether it is abs, max, norm and the like, or a small number."""
    if isinstance(node, (ast.Name, ast.Attribute)):
        name = node.id if isinstance(node, ast.Name) else node.attr
        return name in SIZES or name.startswith(TOLERANCES) or _is_small(values.get(name))
    return isinstance(node, ast.Constant) and _is_small(node.value)


def _is_small(value):
    return isinstance(value, float) and 0 < abs(value) < SMALL


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
