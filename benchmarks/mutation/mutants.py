"""Mutants: a source file with one small mistake in it.

    for mutant in mutants("nfscratch/ops/roots.py", source): mutant.source(source)

A mutant replaces one node of the syntax tree, and leaves all other text as it is, so that its difference is one line or
a few. Two changes that give the same text are one mutant.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff

from benchmarks.mutation.changes import Change, changes, conditions, open_sizes


@dataclass(frozen=True)
class Mutant:
    """The text from `start` to `end` of `file` becomes `text`. `within`: the function that holds it, or ""."""

    file: str
    line: int
    within: str
    change: Change
    start: int
    end: int
    text: str
    minus: str  # the lines that change, without the space around them
    plus: str

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What a mutant is known by: it stays the same where lines above it come and go."""
        return self.file, self.within, self.minus, self.plus

    def source(self, source: str) -> str:
        return source[: self.start] + self.text + source[self.end :]

    def difference(self, source: str) -> str:
        lines = unified_diff(source.splitlines(), self.source(source).splitlines(), self.file, n=1, lineterm="")
        return "\n".join(list(lines)[2:])


def mutants(file: str, source: str) -> list[Mutant]:
    """All mutants of a source, in the order of their places. The few that do not `compile` are among them."""
    tree, positions = ast.parse(source), Positions(source)
    found: dict[tuple, Mutant] = {}
    open_ones = {id(size) for node in ast.walk(tree) for size in open_sizes(node)}
    for node, within, is_condition in nodes(tree):
        if id(node) in open_ones:
            continue
        for change, text in changes(node, is_condition):
            mutant = at(file, source, positions, node, within, change, text)
            if mutant.plus != mutant.minus:
                found.setdefault(mutant.key, mutant)
    return sorted(found.values(), key=lambda m: (m.start, m.plus))


def at(file, source, positions, node, within, change, text) -> Mutant:
    start, end = positions.of(node.lineno, node.col_offset), positions.of(node.end_lineno, node.end_col_offset)
    first, last = source.rfind("\n", 0, start) + 1, source.find("\n", end) % (len(source) + 1)
    minus, plus = source[first:last], source[first:start] + text + source[end:last]
    return Mutant(file, node.lineno, within, change, start, end, text, squeezed(minus), squeezed(plus))


def squeezed(text: str) -> str:
    return " ".join(text.split())


def compiles(source: str) -> bool:
    try:
        compile(source, "mutant", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return True


class Positions:
    """Where a line and a column, which the syntax tree counts in bytes, stand in a text."""

    def __init__(self, source: str):
        self.lines = source.splitlines(keepends=True)
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line))

    def of(self, line: int, column: int) -> int:
        return self.starts[line - 1] + len(self.lines[line - 1].encode()[:column].decode())


AT_IMPORT = ("args", "decorator_list", "bases", "keywords")  # of a definition: they run where it stands


def nodes(node: ast.AST, within: str = "", outer: str = "") -> Iterator[tuple[ast.AST, str, bool]]:
    """The nodes that are computed with, the function of each, and whether it is a condition: no annotations, and no
    parts of an f-string, which have no dependable places.
    """
    decides, defines = conditions(node), isinstance(node, ast.FunctionDef | ast.ClassDef)
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        where = outer if defines and name in AT_IMPORT else within
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not isinstance(child, ast.JoinedStr):
                yield child, where, child in decides
                yield from nodes(child, inner(child, where, node), where)


def inner(node: ast.AST, within: str, parent: ast.AST) -> str:
    """The function or class that a node is or stands in, by the name that `__qualname__` has."""
    if not isinstance(node, ast.FunctionDef | ast.ClassDef):
        return within
    if not within:
        return node.name
    return f"{within}.<locals>.{node.name}" if isinstance(parent, ast.FunctionDef) else f"{within}.{node.name}"
