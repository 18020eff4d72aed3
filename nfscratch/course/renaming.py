"""Renaming: a function of a chapter under another name, where it is defined, where it is used, and in `code` of prose.

A word of the prose that happens to be the function's name ("the knots of a spline") stays, and so do strings,
attributes and keyword arguments. A name that the chapter also gives to something else cannot be renamed: `ambiguous`
finds it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

QUOTED = re.compile(r"`[^`\n]*`")


def renamed(text: str, names: Mapping[str, str]) -> str:
    """The text with these functions under their new names."""
    lines = [line.encode() for line in text.split("\n")]
    for row, column, old in sorted(_places(ast.parse(text), names), reverse=True):
        line, width = lines[row - 1], len(old.encode())
        if line[column : column + width] != old.encode():
            raise ValueError(f"line {row}: {old} cannot be renamed within an f-string")
        lines[row - 1] = line[:column] + names[old].encode() + line[column + width :]
    return QUOTED.sub(lambda match: _words(match[0], names), b"\n".join(lines).decode())


def _places(tree, names) -> Iterable[tuple[int, int, str]]:
    """Row, column in bytes, and name of each definition and use."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in names:
            yield node.lineno, node.col_offset, node.id
        elif isinstance(node, ast.FunctionDef) and node.name in names:
            yield node.lineno, node.col_offset + len("def "), node.name


def _words(quoted, names):
    return re.sub(r"\w+", lambda match: names.get(match[0], match[0]), quoted)


def ambiguous(text: str, names: Iterable[str]) -> str | None:
    """The first of these functions whose name is also that of a variable, a parameter or a nested function."""
    taken = _taken(text)
    return next((name for name in names if name in taken), None)


@lru_cache(maxsize=4)
def _taken(text):
    """All names of variables, parameters, and functions and classes that are not at top level."""
    tree = ast.parse(text)
    top = {id(node) for node in tree.body}
    nodes = list(ast.walk(tree))
    stored = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    nested = [node for node in nodes if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and id(node) not in top]
    return stored | {node.arg for node in nodes if isinstance(node, ast.arg)} | {node.name for node in nested}
