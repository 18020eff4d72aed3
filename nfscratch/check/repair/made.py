"""Made: numbers and arrays that a module made when it was imported, and what they would be if a line had been another.

    L = np.log(abs(v @ u))         the line that is tried otherwise
    scale = np.exp(L / 3)          what was made from it is made anew

    def expm(M): ...               a function that made something, and nothing else: pure.py

A line counts only where it can be run again: it assigns to variables alone, calls what computes.py lets it call, and
what comes of it now is what lives in the module. So no line that calls the user's own functions, but for those that do
nothing but compute, none that draws random numbers but from a generator with a seed (seeded.py), and none of which an
object or a function keeps something.
"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from types import CodeType
from typing import Any

import numpy as onp

from nfscratch.check.repair.candidates import Candidate
from nfscratch.check.repair.computes import can_run_again
from nfscratch.check.repair.live_code import Reached
from nfscratch.check.repair.made_lines import (
    Changes,
    is_of_numbers,
    is_same,
    needed_after,
    otherwise,
    reads,
    run_again,
    written,
)
from nfscratch.check.repair.masked_draws import masked_again
from nfscratch.check.repair.pure import pure_functions
from nfscratch.check.repair.scope import Scope
from nfscratch.check.repair.seeded import Draws

Lines = dict[str, set[int]]


class MadeStatement:
    """A line of a module, with those that have to run after it. It stands where a LiveStatement may stand."""

    runs_at_import, makes_by_function = True, False

    def __init__(
        self, tree: ast.Assign, after: list[ast.Assign], file: str, variables: dict[str, Any], rest: list,
        draws: Sequence[ast.stmt] = (),
    ):  # fmt: skip
        """after: the lines that have to run after it, too. rest: all that stand after it, which make nothing for it.

        draws: the lines that draw numbers, of which some may be the line itself and those after it: seeded.py.
        """
        self.tree, self.after, self.file, self.variables = tree, after, file, variables
        self.first = [line for line in draws if line is not tree and line not in rest]
        self.then = sorted({id(line): line for line in (*after, *draws) if line in rest}.values(), key=_line_of)
        unknown = {name for line in (tree, *rest) for name in written(line)}
        self.before = {k: v for k, v in variables.items() if k not in unknown}
        self.nodes = sum(1 for line in (tree, *after) for _ in ast.walk(line))
        self.known: dict[tuple[str, int], CodeType] = {}

    @property
    def is_repeatable(self) -> bool:
        """Whether it gives, as it is, what lives in the module."""
        try:
            made = self._made()
        except Exception:  # of any kind: of the user's own classes
            return False
        return all(is_same(value, self.variables.get(name)) for name, value in made.items())

    @contextmanager
    def edited(self) -> Iterator[None]:
        """The module with what the line, as it is now, makes. ValueError: it makes nothing."""
        made = self._made()
        old = {name: self.variables[name] for name in made}
        self.variables.update(made)
        try:
            yield
        finally:
            self.variables.update(old)

    def _made(self):
        inside = run_again([*self.first, self.tree], self.file, dict(self.before))
        made = {name: inside[name] for line in (*self.first, self.tree) for name in written(line)}
        if self.then:
            inside = run_again(self.then, self.file, self.variables | made)
        made |= {name: inside[name] for line in self.then for name in written(line)}
        return {name: value for name, value in made.items() if is_of_numbers(value)}  # no generator


def _line_of(line):
    return line.lineno


class MadeByFunction(MadeStatement):
    """A function of the module that made something: all lines that called it run again, with the one that it is now."""

    makes_by_function = True

    def __init__(self, tree: ast.FunctionDef, after: list[ast.Assign], file: str, variables: dict[str, Any]):
        super().__init__(tree, after, file, variables, after)

    @cached_property
    def locals(self) -> dict[str, Any]:
        """The last value of each of its variables."""
        found: dict[str, Any] = {}

        def look(frame):
            if frame.f_code.co_name == self.tree.name:
                found.update(frame.f_locals)

        run_again([self.tree, *self.after], self.file, dict(self.before), look)
        return found

    def _made(self):
        inside = run_again([self.tree, *self.after], self.file, dict(self.before))
        return {name: inside[name] for line in self.after for name in written(line)}


class ModuleScope(Scope):
    """The variables of a module."""

    def __init__(self, statement: MadeStatement, reached: Reached):
        super().__init__(None, statement, reached)
        self.module = statement.before
        self.named = self.named | {n.id for n in ast.walk(statement.tree) if isinstance(n, ast.Name)}
        if isinstance(statement, MadeByFunction):
            self.locals = statement.locals


def made_otherwise(reached: Reached, lines: Lines, changes: Changes | None = None) -> Iterator[Candidate]:
    """The changes of all expressions in the lines of modules that made what the functions read at `lines` of them."""
    found = ((statement, ModuleScope(statement, reached)) for statement in made_statements(reached, lines))
    return (tried for tried in otherwise(found, changes) if not _is_stated(tried[1], reached))


def _is_stated(place, reached):
    """Whether it is how many columns there are, which the caller says, too: no other number can be meant."""
    number = place.node.value if isinstance(place.node, ast.Constant) else None
    if type(number) is not int or not isinstance(place.statement, ast.Assign):
        return False
    if place.parent is not place.statement and not isinstance(place.parent, ast.Tuple):
        return False
    held = [v for variables in reached.locals.values() for v in variables.values()]
    return any(number in v.shape[1:] for v in held if isinstance(v, onp.ndarray))


def made_statements(reached: Reached, lines: Lines) -> Iterator[MadeStatement]:
    """The lines that made a number or an array that one of the functions reads."""
    modules = {c.co_filename: reached.globals[key] for key, c in reached.codes.items()}
    for file, variables in modules.items():
        try:
            body = ast.parse("".join(linecache.getlines(file))).body
        except SyntaxError:
            continue
        read, every = (_read_at(reached, file, where.get(file, set())) for where in (lines, reached.lines))
        pure = pure_functions(body, file, variables)
        again = partial(_is_plain, variables=variables, pure=pure)
        masked = [masked_again(line, again, variables.get) for line in body]
        made = dict(_lines_made(masked, body, read, every, again, lambda _: [], file, variables))
        draws = Draws(body)
        drawing = partial(_is_plain, variables=variables | dict.fromkeys(draws.makers, onp), pure=pure)
        drawn = partial(draws.needed_for, again=drawing)
        others = _lines_made(body, body, read, every, drawing, drawn, file, variables) if draws.makers else ()
        yield from (made | {k: line for k, line in others if k not in made}).values()
        for function in pure.values():
            after = needed_after(function, masked, every, again)
            if after and any(_feeds(line, masked[masked.index(line) + 1 :], read) for line in after):
                made = MadeByFunction(function, after, file, variables)
                if made.is_repeatable:
                    yield made


def _lines_made(body, own, read, every, again, drawn, file, variables) -> Iterator[tuple[int, MadeStatement]]:
    """(its place, the line) of those that stand in the file as they are, feed a function, and can run again."""
    for k, line in enumerate(body):
        if line is own[k] and again(line) and _feeds(line, body[k + 1 :], read):
            after = needed_after(line, body[k + 1 :], every, again)
            draws = None if after is None else drawn([line, *after])
            made = None if draws is None else MadeStatement(line, after, file, variables, body[k + 1 :], draws)
            if made is not None and made.is_repeatable:
                yield k, made


def _read_at(reached, file, lines):
    """The variables of the module that functions read which come to these lines."""
    codes = [c for c in reached.codes.values() if c.co_filename == file]
    return {n for c in codes if lines & {at for _, _, at in c.co_lines()} for n in c.co_names}


def _is_plain(line, variables, pure=()):
    """Whether it assigns numbers to variables, and calls what can be called again."""
    names = written(line)
    return bool(names) and all(is_of_numbers(variables.get(n)) for n in names) and can_run_again(line, variables, pure)


def _feeds(line, rest, read):
    """Whether what it makes is read by the functions, or by a line of which that is true."""
    fed = set(written(line))
    for later in rest:
        if isinstance(later, ast.Assign) and reads(later) & fed:
            fed |= set(written(later))
    return bool(fed & read)
