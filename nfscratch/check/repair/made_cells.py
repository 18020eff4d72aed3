"""MadeCells: what a function made for the functions within it, and what that would be if a line had been another.

    def coupling(order):
        back = np.argsort(order)              a line that is tried otherwise, for all that the function has made
        def inverse(x): ... x[:, back] ...    reads the variable where it is kept, in a cell that can be written

As in made.py, a line counts only where it can be run again. The arguments are known where a function within has kept
them, and where the module's own lines say what they were.
"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterator
from contextlib import contextmanager
from types import CellType
from typing import Any

from nfscratch.check.repair.call_sites import calls_at_import
from nfscratch.check.repair.candidates import Candidate
from nfscratch.check.repair.code_objects import functions_of
from nfscratch.check.repair.computes import can_run_again
from nfscratch.check.repair.live_code import Reached
from nfscratch.check.repair.made_lines import (
    Changes,
    needed_after,
    otherwise,
    run_again,
    with_locals,
    written,
)
from nfscratch.check.repair.maker_lines import MakerLine, MakerScope
from nfscratch.check.repair.pure import pure_functions

MOST = 12  # calls of one function that are alive
Lines = dict[str, set[int]]
Cells = dict[str, CellType]  # of one call, by the names of the variables


class MadeCell(MakerLine):
    """A line of an outer function, for its calls whose inner functions live on."""

    def held(self, owner: Cells, name: str) -> Any:
        return owner[name].cell_contents

    @contextmanager
    def edited(self) -> Iterator[None]:
        """The calls with what the line, as it is now, makes. ValueError: it makes nothing."""
        new = [(cells[name], value) for cells, made in self.all_made() for name, value in made.items()]
        old = [(cell, cell.cell_contents) for cell, _ in new]
        try:
            for cell, value in new:
                cell.cell_contents = value
            yield
        finally:
            for cell, value in old:
                cell.cell_contents = value

    def made_for(self, owner: Cells, inside: dict[str, Any]) -> dict[str, Any]:
        inside = run_again([self.tree], self.file, dict(inside))
        if self.after:
            inside = run_again(self.after, self.file, with_locals(self.rest, self.file, inside))
        return {name: inside[name] for line in (self.tree, *self.after) for name in written(line) if name in owner}


def cells_otherwise(reached: Reached, lines: Lines, changes: Changes | None = None) -> Iterator[Candidate]:
    """The changes of all expressions in lines that made what inner functions read at `lines` of them."""
    made = ((statement, MakerScope(statement, reached)) for statement in made_cells(reached, lines))
    return otherwise(made, changes)


def made_cells(reached: Reached, lines: Lines) -> Iterator[MadeCell]:
    """The lines of outer functions that made a number or an array which an inner one reads."""
    files = {c.co_filename: reached.globals[key] for key, c in reached.codes.items() if c.co_freevars}
    for file, variables in files.items():
        try:
            body = ast.parse("".join(linecache.getlines(file))).body
        except SyntaxError:
            continue
        pure = pure_functions(body, file, variables)
        for maker in [f for f in body if isinstance(f, ast.FunctionDef)]:
            inner = [c for c in reached.codes.values() if c.co_filename == file and _is_within(c, maker)]
            calls = _calls(inner)
            if not 0 < len(calls) <= MOST:
                continue
            read = {n for c in inner for n in c.co_freevars
                    if lines.get(file, set()) & {at for _, _, at in c.co_lines()}}  # fmt: skip
            noted = calls_at_import(maker.name, variables.get(maker.name), body, file, variables)
            known = [[variables | _kept(cells) | given for given in ({}, *noted)] for cells in calls]

            def again(line, known=variables, pure=pure):
                return can_run_again(line, known, pure)

            for k, line in enumerate(maker.body):
                kept = {name for cells in calls for name in cells}
                after = needed_after(line, maker.body[k + 1 :], kept, again) if written(line) and again(line) else None
                if after is not None and read & {name for each in (line, *after) for name in written(each)}:
                    made = MadeCell(maker, k, after, file, calls, known)
                    if made.is_repeatable:
                        yield made


def _is_within(code, maker):
    return code.co_freevars and code.co_qualname.rpartition(".")[0] == f"{maker.name}.<locals>"


def _calls(codes) -> list[Cells]:
    """The cells of each call of the outer function: inner functions of one call share some."""
    found: list[Cells] = []
    for function in functions_of(*codes):
        cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
        of_call = next((each for each in found if any(each.get(k) is c for k, c in cells.items())), None)
        if of_call is None:
            found.append(cells)
        else:
            of_call.update(cells)
    return found


def _kept(cells):
    """The variables of one call; an empty cell has none."""
    kept = {}
    for name, cell in cells.items():
        try:
            kept[name] = cell.cell_contents
        except ValueError:
            continue
    return kept
