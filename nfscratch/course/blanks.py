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
        raise ValueError(f"the file cannot be read as Python: line {error.lineno}: {error.msg}") from error
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

    Lines of fewer than `least` characters (x = z.copy()) stand in many functions, and give nothing away.
    """
    whole = re.sub(r"\s", "", text)
    for line in solution:
        bare = re.sub(r"\s", "", line.split("  #")[0])
        if len(bare) >= least and not bare.startswith("#") and bare in whole:
            return line.strip()
    return None
