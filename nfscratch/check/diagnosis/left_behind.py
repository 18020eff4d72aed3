"""What a call of a method leaves in its object, by the code: self.b = batch.mean(0), in what forward or inverse calls.

A layer that takes its shift and its scale from a batch does so once, when it is made. Where that can come again, from
whatever batch a call sees, it is initialised again. A running mean, which is made of its own old value, is not that.
An attribute counts that something reads, and that is not set where it is None alone.
"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nfscratch.check.repair.live_code import Reached
from nfscratch.check.repair.ways import both_directions
from nfscratch.check.trial import Trial

OF_A_BATCH = ("mean", "std", "var", "median")


@dataclass(frozen=True)
class Left:
    """A line that sets an attribute, in a method that forward or inverse calls."""

    attribute: str
    line: int
    file: str
    of_batch: bool  # whether it is a mean of something, and not of its own old value

    def __str__(self) -> str:
        return f"line {self.line} of {Path(self.file).name} sets {self.attribute}"


def left_behind(trial: Trial) -> list[Left]:
    """All such lines, those of means first."""
    reached = Reached(lambda: both_directions(trial, 0))
    found = [left for cls, file, met in _classes(reached) for left in _of_class(cls, file, met)]
    return sorted(found, key=lambda left: (not left.of_batch, left.line))


def _classes(reached) -> Iterator[tuple[ast.ClassDef, str, set[str]]]:
    """(class, its file, the names of its methods that were met)."""
    for file in reached.lines:
        try:
            tree = ast.parse("".join(linecache.getlines(file)))
        except (SyntaxError, ValueError, RecursionError):
            continue
        names = [c.co_qualname.split(".") for c in reached.codes.values() if c.co_filename == file]
        for cls in [n for n in tree.body if isinstance(n, ast.ClassDef)]:
            yield cls, file, {parts[1] for parts in names if len(parts) == 2 and parts[0] == cls.name}


def _of_class(cls, file, met) -> Iterator[Left]:
    methods = {f.name: f for f in cls.body if isinstance(f, ast.FunctionDef) and f.args.args}
    called, waiting = set(), [name for name in met if name != "__init__"]
    while waiting:
        if (name := waiting.pop()) in methods and name not in called:
            called.add(name)
            waiting += [n.attr for n in ast.walk(methods[name]) if isinstance(n, ast.Attribute)]
    lines = [(methods[name], line) for name in sorted(called) for line in ast.walk(methods[name])]
    read = {n.attr for _, line in lines for n in _read_by(line)}
    for method, line in lines:
        me = method.args.args[0].arg
        for target in [t for t in _targets(line) if getattr(t.value, "id", "") == me and t.attr in read]:
            if not _is_once(method, line, target):
                yield Left(ast.unparse(target), line.lineno, file, _is_of_batch(line, target))


def _read_by(line):
    """The attributes that a statement reads, but for those that it sets itself: a count for a log is no state."""
    if not isinstance(line, (*STATEMENTS, ast.Return, ast.Expr, ast.If, ast.While, ast.For, ast.With)):
        return []
    parts = [getattr(line, field, None) for field in ("value", "test", "iter")]
    inside = [n for part in parts if part is not None for n in ast.walk(part) if isinstance(n, ast.Attribute)]
    return [n for n in inside if n.attr not in {t.attr for t in _targets(line)}]


def _is_once(method, line, target):
    """Whether it is set where it is None: kept, so as not to be computed again."""
    tests = [n.test for n in ast.walk(method) if isinstance(n, ast.If) and any(m is line for m in ast.walk(n))]
    return any(ast.unparse(test) == f"{ast.unparse(target)} is None" for test in tests)


def _targets(line):
    targets = getattr(line, "targets", [getattr(line, "target", None)]) if isinstance(line, STATEMENTS) else []
    parts = [e for t in targets for e in (t.elts if isinstance(t, ast.Tuple) else [t])]
    return [t for t in parts if isinstance(t, ast.Attribute)]


STATEMENTS = (ast.Assign, ast.AugAssign, ast.AnnAssign)


def _is_of_batch(line, target):
    called = {getattr(n.func, "attr", getattr(n.func, "id", "")) for n in ast.walk(line) if isinstance(n, ast.Call)}
    own = any(ast.unparse(n) == ast.unparse(target) and n is not target for n in ast.walk(line))
    return bool(called & set(OF_A_BATCH)) and not own and isinstance(line, ast.Assign)
