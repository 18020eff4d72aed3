"""Needed: of the cells that a notebook has run, the statements that a task's function needs.

    needed(cells_run(), "affine_inverse")      the text of a file that has this function, and what it uses

A statement is kept if it gives a name that is needed: a function, a class, an import, a number. The names that it uses
are needed then, too. What was run more than once is kept as often, so that the last time counts. Calls, plots and cells
that cannot be read are left out, so a cell that fails costs no other one its points.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nfscratch.course.submission import plain


def cells_run() -> list[str] | None:
    """The cells that this kernel has run, first to last; None where there is no kernel."""
    found = sys.modules.get("IPython")
    shell = found.get_ipython() if found is not None else None
    return None if shell is None else list(shell.history_manager.input_hist_raw)


@dataclass(frozen=True)
class Statement:
    """A statement at the top level of a cell: the names that it gives, those that it uses, and its lines."""

    gives: frozenset[str]
    uses: frozenset[str]
    first: int  # lines of all cells together, counted from 1
    last: int


def needed(cells: Sequence[str], function: str) -> str:
    """The text of the statements that `function` needs. The other lines are empty, so that line numbers hold."""
    statements, lines = [], []
    for cell in cells:
        code = plain(cell)
        statements += _statements(code, len(lines))
        lines += [*code.splitlines(), ""]
    kept = {number for s in _closed(statements, function) for number in range(s.first, s.last + 1)}
    return "\n".join(line if number in kept else "" for number, line in enumerate(lines, start=1)) + "\n"


def _closed(statements: list[Statement], function: str) -> set[Statement]:
    """The statements that give a name that is needed."""
    names, kept = {function}, set()
    while new := {s for s in statements if s.gives & names} - kept:
        kept |= new
        names = names.union(*(s.uses for s in new))
    return kept


def _statements(code: str, above: int) -> Iterator[Statement]:
    try:
        nodes = ast.parse(code).body
    except (SyntaxError, ValueError, RecursionError):
        return
    for node in nodes:
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
        uses = frozenset(n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load))
        yield Statement(frozenset(_given(node)), uses, above + first, above + (node.end_lineno or node.lineno))


def _given(node: ast.AST) -> Iterator[str]:
    """The names that a statement gives. What functions and comprehensions name stays in them."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from ((alias.asname or alias.name).split(".")[0] for alias in node.names)
    elif isinstance(node, ast.Name):
        yield from [node.id] * isinstance(node.ctx, ast.Store)
    elif not isinstance(node, ast.comprehension):
        for part in ast.iter_child_nodes(node):
            yield from _given(part)
