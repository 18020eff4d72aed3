"""Blanks: the body of a function in a file's text, and the stub that takes its place.

The signature and the docstring stay. The text between the docstring and the end of the function goes, comments too,
and one line takes its place: raise NotImplementedError("task 4.2: z by equation (3), ...").
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from nfscratch.course.task import Task

COUNTS = ("range", "zip", "enumerate")
PLAIN = (ast.Name, ast.Constant, ast.Attribute, ast.Subscript, ast.Slice, ast.Tuple, ast.Starred)


@dataclass(frozen=True)
class Body:
    """Lines first to last, counted from 1, of a function below its docstring; `start` is its first line of all."""

    start: int
    first: int
    last: int


def body(text: str, function: str) -> Body:
    """Where the body of a top-level function stands. A ValueError says that it cannot be found."""
    return bodies(text, [function])[function]


def bodies(text: str, functions: Iterable[str]) -> dict[str, Body]:
    """The same for several functions."""
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        line = "" if error.lineno is None else f"line {error.lineno}: "
        raise ValueError(f"the file cannot be read as Python: {line}{error.msg}") from error
    nodes = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return {function: _place([n for n in nodes if n.name == function], function) for function in functions}


def _place(found, function):
    if len(found) != 1:
        raise ValueError(f"the file must define {function} once, at top level; it does so {len(found)} times")
    node = found[0]
    start = min([node.lineno, *(d.lineno for d in node.decorator_list)])
    return Body(start, _below(node), node.end_lineno or node.lineno)


def _below(node):
    """The first line below the docstring, or below the signature."""
    first = node.body[0]
    is_docstring = isinstance(first, ast.Expr) and isinstance(getattr(first.value, "value", None), str)
    return (first.end_lineno or first.lineno) + 1 if is_docstring else first.lineno


def stub(task: Task) -> list[str]:
    """The lines that take the place of a body."""
    note = [f"    # {line}".rstrip() for line in task.note.strip().splitlines()]
    return [*note, f'    raise NotImplementedError("task {task.id}: {task.ask}")']


def with_stubs(text: str, tasks: Mapping[str, Task]) -> str:
    """The text with the bodies of these functions replaced by the stubs of their tasks."""
    places, lines = bodies(text, tasks), text.splitlines()
    for function in sorted(tasks, key=lambda name: -places[name].start):  # from below, so that line numbers hold
        place = places[function]
        if place.first > place.last:
            raise ValueError(f"{function} has no body below its docstring")
        lines[place.first - 1 : place.last] = stub(tasks[function])
    return "\n".join(lines) + "\n"


def definition(text: str, function: str) -> list[str]:
    """The lines of a whole function, decorators too."""
    place = body(text, function)
    return text.splitlines()[place.start - 1 : place.last]


def leaked(text: str, solution: list[str], least: int = 16) -> str | None:
    """The first line of a solution that the text still holds, spaces apart, or None.

    Lines of fewer than `least` characters (x = z.copy()) stand in many functions, and give nothing away. Nor do the
    heading of a loop (for _ in range(steps):) and an unpacking (W1, b1, W2, b2 = weights), however long they are.
    """
    whole = re.sub(r"\s", "", text)
    for line in solution:
        code = line.split("  #")[0].strip()
        bare = re.sub(r"\s", "", code)
        if len(bare) >= least and not bare.startswith("#") and bare in whole and not _in_many_functions(code):
            return line.strip()
    return None


def _in_many_functions(code):
    """Whether a line is the heading of a plain loop, or gives names to what is there already."""
    try:
        node = ast.parse(f"{code} pass" if code.endswith(":") else code).body[0]
    except SyntaxError:
        return False
    if isinstance(node, ast.For):
        over = node.iter
        counted = isinstance(over, ast.Call) and isinstance(over.func, ast.Name) and over.func.id in COUNTS
        return all(_holds_nothing_new(part) for part in (over.args if counted else [over]))
    return isinstance(node, ast.Assign) and _holds_nothing_new(node.value)


def _holds_nothing_new(expression):
    """Whether an expression is made of names and numbered parts alone; a number may be added: range(1, n + 1)."""
    if isinstance(expression, ast.BinOp) and isinstance(expression.right, ast.Constant):
        return isinstance(expression.op, (ast.Add, ast.Sub)) and _holds_nothing_new(expression.left)
    parts = [part for part in ast.walk(expression) if isinstance(part, ast.expr)]
    indices = [name for part in parts if isinstance(part, ast.Subscript) for name in ast.walk(part.slice)]
    return all(isinstance(part, PLAIN) for part in parts) and not any(isinstance(part, ast.Name) for part in indices)
