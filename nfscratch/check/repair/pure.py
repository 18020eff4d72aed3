"""Pure: the user's own functions that do nothing but compute, as far as their source says.

They stand at the top of a module, store into nothing but their own variables, and call what computes.py lets a line
call, and one another. A generator of random numbers that is made from a number in the line itself is one of theirs.
"""

from __future__ import annotations

import ast
from types import FunctionType
from typing import Any

from nfscratch.check.repair.computes import BUILTINS, RANDOM, is_of_library
from nfscratch.check.repair.live_code import OUTSIDE, kind

NEVER = (
    ast.Global, ast.Nonlocal, ast.Yield, ast.YieldFrom, ast.Await, ast.With, ast.Import, ast.ImportFrom, ast.Try,
    ast.ClassDef, ast.Delete, ast.AsyncFunctionDef, ast.While,
)  # fmt: skip


def pure_functions(body: list[ast.stmt], file: str, variables: dict[str, Any]) -> dict[str, ast.FunctionDef]:
    """Of a module: name -> definition, of those that live in it as they are written."""
    found = {f.name: f for f in body if isinstance(f, ast.FunctionDef) and _lives(f, file, variables)}
    while impure := [name for name, f in found.items() if not _computes_alone(f, variables, found)]:
        for name in impure:
            del found[name]
    return found


def _lives(node, file, variables):
    value = variables.get(node.name)
    own = isinstance(value, FunctionType) and value.__code__.co_filename == file
    return own and value.__code__.co_firstlineno == node.lineno and not node.decorator_list


def _computes_alone(function, variables, pure):
    nodes = [n for part in function.body for n in ast.walk(part)]
    words = {getattr(n, "id", getattr(n, "attr", "")) for n in nodes}
    if any(isinstance(n, NEVER) for n in nodes) or words & (OUTSIDE | RANDOM):
        return False
    own = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    arguments = {a.arg for a in ast.walk(function.args) if isinstance(a, ast.arg)}
    stored = [n for n in nodes if isinstance(getattr(n, "ctx", None), ast.Store) and not isinstance(n, ast.Name)]
    if not all(_root(n) in own or isinstance(n, (ast.Tuple, ast.List, ast.Starred)) for n in stored):
        return False
    nested = {f.name for f in nodes if isinstance(f, ast.FunctionDef)}
    calls = [n.func for n in nodes if isinstance(n, ast.Call)]
    return all(_is_plain(f, variables, pure, own | arguments, nested) for f in calls)


def _root(node):
    """The variable that is written into, of a[i][j]; none of an attribute."""
    while isinstance(node, ast.Subscript):
        node = node.value
    return getattr(node, "id", None)


def _is_plain(called, variables, pure, local, nested):
    """Whether what is called is a library's, Python's, a pure function, or a method of what the function holds."""
    if isinstance(called, ast.Name):
        if called.id in local or called.id in nested:
            return called.id in nested
        return (
            called.id in pure
            or (called.id in BUILTINS and called.id not in variables)
            or is_of_library(variables.get(called.id))
        )
    if not isinstance(called, ast.Attribute):
        return False
    root = called.value
    while isinstance(root, (ast.Attribute, ast.Subscript)):
        root = root.value
    if not isinstance(root, ast.Name) or root.id in local:
        return True
    value = variables.get(root.id)
    return is_of_library(value) or kind(value) not in (None, "callable")
