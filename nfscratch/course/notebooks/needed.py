"""Needed: of the cells that a notebook has run, the statements that a task's function needs.

    needed(cells_run(), "affine_inverse")      the text of a file that has this function, and what it uses

A statement is kept if it gives a name that is needed: a function, a class, an import, a number. The names from outside
that it uses are needed then, too; arguments and local variables are not. Of a name that is given more than once the
last time counts, with what changed it afterwards. So calls, plots, cells that cannot be read and cells that were
corrected later are left out, and a cell that fails costs no other one its points.
"""

from __future__ import annotations

import ast
import symtable
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nfscratch.course.submission import plain


def cells_run() -> list[str] | None:
    """The cells that this kernel has run, first to last; None where there is no kernel."""
    found = sys.modules.get("IPython")
    shell = found.get_ipython() if found is not None else None
    return None if shell is None else list(shell.history_manager.input_hist_raw)


ANY = "*"  # what `from numpy import *` gives


@dataclass(frozen=True)
class Statement:
    """A statement at the top level of a cell: the names that it gives, changes and uses, and its lines."""

    gives: frozenset[str]
    changes: frozenset[str]
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
    names, kept = {function}, {s for s in statements if ANY in s.gives}
    while new := {s for name in names for s in _last_of(statements, name)} - kept:
        kept |= new
        names = names.union(*(s.uses for s in new))
    return kept


def _last_of(statements: list[Statement], name: str) -> list[Statement]:
    """The last statement that gives a name, and those after it that change what it stands for."""
    given = [k for k, s in enumerate(statements) if name in s.gives]
    return [s for s in statements[given[-1] if given else 0 :] if name in s.gives | s.changes]


def _statements(code: str, above: int) -> Iterator[Statement]:
    try:
        nodes = ast.parse(code).body
    except (SyntaxError, ValueError, RecursionError):
        return
    for node in nodes:
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
        given, changed = frozenset(_given(node)), frozenset(_changed(node))
        last = above + (node.end_lineno or node.lineno)
        yield Statement(given - changed, changed, frozenset(_used(node)), above + first, last)


def _used(node: ast.AST) -> Iterator[str]:
    """The names from outside that a statement uses, in its functions too."""
    tables = [symtable.symtable(ast.unparse(node), "cell", "exec")]
    while tables:
        table = tables.pop()
        outside = [
            s for s in table.get_symbols() if s.is_referenced() and (table.get_type() == "module" or s.is_global())
        ]
        yield from (symbol.get_name() for symbol in outside)
        tables += table.get_children()


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


def _changed(node: ast.AST) -> Iterator[str]:
    """The names whose objects a statement writes into: `a += 1`, `a[0] = 1`, `a.b = 1`."""
    targets = getattr(node, "targets", [getattr(node, "target", None)])
    for target in targets if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)) else ():
        inside = isinstance(target, (ast.Subscript, ast.Attribute))
        while isinstance(target, (ast.Subscript, ast.Attribute)):
            target = target.value
        if isinstance(target, ast.Name) and (inside or isinstance(node, ast.AugAssign)):
            yield target.id
