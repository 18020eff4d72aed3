"""MadeLines: lines that made numbers and arrays once, what they give and read, and which of them run again together.

A name is "a", or "self.a" in a function that makes an object, whose `me` is "self" then. Two lines that stand one
after the other are bound where the second reads what the first has written.
"""

from __future__ import annotations

import ast
import builtins
import warnings
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import suppress
from types import FunctionType
from typing import Any

import numpy as onp

from nfscratch.check.repair.candidates import Candidate, edits_of
from nfscratch.check.repair.computes import can_run_again
from nfscratch.check.repair.edit import Place, places
from nfscratch.check.repair.live_code import TooLong, kind, within
from nfscratch.check.repair.rounds import WITHOUT_POOL
from nfscratch.check.repair.scope import Scope

Changes = Callable[[Place, Scope], Iterable[ast.AST]]
LONGEST = 10_000  # of the user's own lines, that one line may run through


def otherwise(made: Iterable[tuple[Any, Scope]], changes: Changes | None = None) -> Iterator[Candidate]:
    """The changes of all expressions in lines that made something: (statement, the variables it may name).

    changes: of one expression, in the place of the rounds.
    """
    found = [(statement, place, scope) for statement, scope in made for place in places(statement.tree)]
    found = [each for each in found if isinstance(each[1].node, ast.expr) and each[1].field != "targets"]
    for statement, place, scope in found if changes else ():
        yield from ((statement, place, place.exchanged(new)) for new in changes(place, scope))
    for kinds in () if changes else WITHOUT_POOL:
        for statement, place, scope in found:
            yield from ((statement, place, edit) for edit in edits_of(place, scope, kinds))


def needed_after(
    line: ast.stmt, rest: list[ast.stmt], read: AbstractSet[str], again: Callable[[ast.stmt], bool], me: str = ""
) -> list[ast.stmt] | None:
    """The lines of the rest that have to run after it; None where one of them cannot.

    read: what the user's functions read. again: whether a line can run once more.
    """
    changed, after = set(written(line, me)) | {getattr(line, "name", "")}, []  # of a function, what calls it
    for later in rest:
        if not reads(later, me) & changed:
            continue
        if written(later, me) and again(later):
            after.append(later)
        elif keeps_something(later) or read & set(written(later, me)):
            return None
        changed |= set(written(later, me))
    return after


def written(line: ast.stmt, me: str = "") -> list[str]:
    """What a line gives values to; nothing where it also writes into something else."""
    if not isinstance(line, ast.Assign):
        return []
    targets = [e for t in line.targets for e in (t.elts if isinstance(t, ast.Tuple) else [t])]
    names = [ast.unparse(t) for t in targets]
    return names if all(n.removeprefix(f"{me}." if me else "").isidentifier() for n in names) else []


def reads(statement: ast.stmt, me: str = "") -> set[str]:
    """The names that a statement reads when it runs, not when a function of it is called."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
        of_defaults = [*statement.args.defaults, *filter(None, statement.args.kw_defaults), *statement.decorator_list]
        return {n.id for d in of_defaults for n in ast.walk(d) if isinstance(n, ast.Name)}
    if isinstance(statement, ast.ClassDef):
        return {n for part in statement.body for n in reads(part)}
    own = [n for n in _run_at_once(statement) if isinstance(getattr(n, "ctx", None), ast.Load)]
    attributes = {ast.unparse(n) for n in own if me and isinstance(n, ast.Attribute)}
    return attributes | {n.id for n in own if isinstance(n, ast.Name) and n.id != me}


def _run_at_once(node):
    """All nodes below it, but for the bodies of lambdas that are a value, or an element of one: they run later."""
    yield node
    later = isinstance(node, (ast.Assign, ast.Return, ast.Tuple, ast.List, ast.Dict))
    for child in ast.iter_child_nodes(node):
        yield from _run_at_once(child.args if later and isinstance(child, ast.Lambda) else child)


def keeps_something(statement: ast.stmt) -> bool:
    """Whether it may hand the old value to something that lives on: all but dict(dim=D), print(D) and the like."""
    if isinstance(statement, ast.If):
        return "__name__" not in {n.id for n in ast.walk(statement.test) if isinstance(n, ast.Name)}
    called = [n.func for n in _run_at_once(statement) if isinstance(n, ast.Call)]
    stored = [n for t in getattr(statement, "targets", []) for n in ast.walk(t)]
    plain = isinstance(statement, (ast.Assign, ast.Expr, ast.Assert))
    plain = plain and not any(isinstance(n, (ast.Subscript, ast.Attribute)) for n in stored)
    return not (plain and all(isinstance(f, ast.Name) and hasattr(builtins, f.id) for f in called))


def run_again(
    lines: list[ast.stmt], file: str, inside: dict[str, Any], look: Callable[[Any], None] | None = None
) -> dict[str, Any]:
    """The variables after the lines. ValueError: they do not run. look: at each of the user's lines that they meet."""
    try:
        with onp.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the compiler, about an edit
            code = compile(ast.Module(list(lines), []), file, "exec", dont_inherit=True)
            within(lambda: exec(code, inside), LONGEST, lambda frame: _is_function(frame.f_code, inside), look)
    except (Exception, SystemExit, TooLong) as error:  # of any kind: most edits make nonsense
        raise ValueError(str(error)) from None
    return inside


def with_locals(lines: list[ast.stmt], file: str, inside: dict[str, Any], me: str = "") -> dict[str, Any]:
    """The variables after those of the lines that give values to variables alone, and can run again."""
    for line in lines:
        if written(line, me) and not any("." in name for name in written(line, me)) and can_run_again(line, inside):
            with suppress(ValueError):  # it needs what is not known
                inside = inside | run_again([line], file, dict(inside))
    return inside


def local_names(maker: ast.FunctionDef) -> set[str]:
    stored = {n.id for n in ast.walk(maker) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return stored | {a.arg for a in maker.args.args}


def _is_function(code, inside):
    """Whether it is the line itself, or a function: what a method does is not known."""
    name = code.co_qualname.split(".")[0]
    return name.startswith("<") or isinstance(inside.get(name), FunctionType)


def is_of_numbers(value: Any) -> bool:
    """Whether it is a number or an array, or a row or table of such."""
    if isinstance(value, dict):
        return bool(value) and all(map(is_of_numbers, value.values()))
    if isinstance(value, (list, tuple)):
        return all(map(is_of_numbers, value))
    return kind(value) not in (None, "callable")


def is_same(a: Any, b: Any) -> bool:
    """Whether two values are the same number, array, or row of such."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(is_same(value, b[key]) for key, value in a.items())
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(is_same, a, b))
    try:
        return type(a) is type(b) and bool(onp.array_equal(a, b, equal_nan=onp.asarray(a).dtype.kind == "f"))
    except (TypeError, ValueError):
        return False
