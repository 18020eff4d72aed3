"""Made: numbers and arrays that a module made when it was imported, and what they would be if a line had been another.

    L = np.log(abs(v @ u))         the line that is tried otherwise
    scale = np.exp(L / 3)          what was made from it is made anew

A line counts only where it can be run again: it assigns to variables alone, calls what computes.py lets it call, and
what comes of it now is what lives in the module. So no line that calls the user's own functions, which may do anything,
none that draws random numbers, and none of which an object, a table or a function keeps something.
"""

from __future__ import annotations

import ast
import builtins
import linecache
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType
from typing import Any

import numpy as onp

from nfscratch.check.repair.candidates import WITHOUT_POOL, Candidate, edits_of
from nfscratch.check.repair.computes import can_run_again
from nfscratch.check.repair.edit import places
from nfscratch.check.repair.live_code import Reached, TooLong, kind, within
from nfscratch.check.repair.scope import Scope

LONGEST = 10_000  # of the user's own lines, that one line of the module may run through
Lines = dict[str, set[int]]


class MadeStatement:
    """A line of a module, with those that have to run after it. It stands where a LiveStatement may stand."""

    runs_at_import = True

    def __init__(self, tree: ast.Assign, after: list[ast.Assign], file: str, variables: dict[str, Any], rest: list):
        """after: the lines that have to run after it, too. rest: all that stand after it, which make nothing for it."""
        self.tree, self.after, self.file, self.variables = tree, after, file, variables
        unknown = {name for line in (tree, *rest) for name in _written(line)}
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
        inside = run_again([self.tree], self.file, dict(self.before))
        made = {name: inside[name] for name in _written(self.tree)}
        if self.after:
            inside = run_again(self.after, self.file, self.variables | made)
        return made | {name: inside[name] for line in self.after for name in _written(line)}


def run_again(lines: list[ast.stmt], file: str, inside: dict[str, Any]) -> dict[str, Any]:
    """The variables after the lines. ValueError: they do not run."""
    try:
        with onp.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the compiler, about an edit
            code = compile(ast.Module(list(lines), []), file, "exec", dont_inherit=True)
            within(lambda: exec(code, inside), LONGEST)
    except (Exception, SystemExit, TooLong) as error:  # of any kind: most edits make nonsense
        raise ValueError(str(error)) from None
    return inside


class ModuleScope(Scope):
    """The variables of a module."""

    def __init__(self, statement: MadeStatement, reached: Reached):
        super().__init__(None, statement, reached)
        self.module = statement.before
        self.named = self.named | {n.id for n in ast.walk(statement.tree) if isinstance(n, ast.Name)}


def made_otherwise(reached: Reached, lines: Lines) -> Iterator[Candidate]:
    """The changes of all expressions in the lines of modules that made what the functions read at `lines` of them."""
    found = [(s, place, ModuleScope(s, reached)) for s in made_statements(reached, lines) for place in places(s.tree)]
    for kinds in WITHOUT_POOL:
        for statement, place, scope in found:
            if isinstance(place.node, ast.expr) and place.field != "targets" and not _is_stated(place, reached):
                yield from ((statement, place, edit) for edit in edits_of(place, scope, kinds))


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
        for k, line in enumerate(body):
            if _is_plain(line, variables) and _feeds(line, body[k + 1 :], read):
                after = _needed_after(line, body[k + 1 :], variables, every)
                made = None if after is None else MadeStatement(line, after, file, variables, body[k + 1 :])
                if made is not None and made.is_repeatable:
                    yield made


def _read_at(reached, file, lines):
    """The variables of the module that functions read which come to these lines."""
    codes = [c for c in reached.codes.values() if c.co_filename == file]
    return {n for c in codes if lines & {at for _, _, at in c.co_lines()} for n in c.co_names}


def _is_plain(line, variables):
    """Whether it assigns numbers to variables, and calls what can be called again."""
    names = _written(line)
    return bool(names) and all(is_of_numbers(variables.get(n)) for n in names) and can_run_again(line, variables)


def is_of_numbers(value: Any) -> bool:
    """Whether it is a number or an array, or a row of such."""
    if isinstance(value, (list, tuple)):
        return all(map(is_of_numbers, value))
    return kind(value) not in (None, "callable")


def _written(line):
    """The names of its variables; none where it also writes into something else."""
    if not isinstance(line, ast.Assign):
        return []
    targets = [e for t in line.targets for e in (t.elts if isinstance(t, ast.Tuple) else [t])]
    return [t.id for t in targets] if all(isinstance(t, ast.Name) for t in targets) else []


def _feeds(line, rest, read):
    """Whether what it makes is read by the functions, or by a line of which that is true."""
    fed = set(_written(line))
    for later in rest:
        if isinstance(later, ast.Assign) and _reads(later) & fed:
            fed |= set(_written(later))
    return bool(fed & read)


def _needed_after(line, rest, variables, read):
    """The lines that have to run after it; None where one of them cannot."""
    changed, after = set(_written(line)), []
    for later in rest:
        if not _reads(later) & changed:
            continue
        if _is_plain(later, variables):
            after.append(later)
        elif keeps_something(later) or read & set(_written(later)):
            return None
        changed |= set(_written(later))
    return after


def _reads(statement):
    """The variables of the module that a statement reads when it runs, not when a function of it is called."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
        of_defaults = [*statement.args.defaults, *filter(None, statement.args.kw_defaults), *statement.decorator_list]
        return {n.id for d in of_defaults for n in ast.walk(d) if isinstance(n, ast.Name)}
    if isinstance(statement, ast.ClassDef):
        return {n for part in statement.body for n in _reads(part)}
    return {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def keeps_something(statement: ast.stmt) -> bool:
    """Whether it may hand the old value to something that lives on: all but dict(dim=D), print(D) and the like."""
    if isinstance(statement, ast.If):
        return "__name__" not in {n.id for n in ast.walk(statement.test) if isinstance(n, ast.Name)}
    called = [n.func for n in ast.walk(statement) if isinstance(n, ast.Call)]
    stored = [n for t in getattr(statement, "targets", []) for n in ast.walk(t)]
    plain = isinstance(statement, (ast.Assign, ast.Expr, ast.Assert))
    plain = plain and not any(isinstance(n, (ast.Subscript, ast.Attribute)) for n in stored)
    return not (plain and all(isinstance(f, ast.Name) and hasattr(builtins, f.id) for f in called))


def is_same(a: Any, b: Any) -> bool:
    """Whether two values are the same number, array, or row of such."""
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(is_same, a, b))
    try:
        return type(a) is type(b) and bool(onp.array_equal(a, b, equal_nan=onp.asarray(a).dtype.kind == "f"))
    except (TypeError, ValueError):
        return False
