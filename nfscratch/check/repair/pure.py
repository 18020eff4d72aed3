"""Pure: the user's own functions that do nothing but compute, as far as their source says.

They stand at the top of a module, write into nothing but what they have made themselves, and call what computes.py lets
a line call, methods of arrays and rows, and one another.
"""

from __future__ import annotations

import ast
from types import FunctionType
from typing import Any

import numpy as onp

from nfscratch.check.repair.computes import BUILTINS, RANDOM, is_of_library
from nfscratch.check.repair.live_code import OUTSIDE, kind

NEVER = (
    ast.Global, ast.Nonlocal, ast.Yield, ast.YieldFrom, ast.Await, ast.With, ast.Import, ast.ImportFrom, ast.Try,
    ast.ClassDef, ast.Delete, ast.AsyncFunctionDef, ast.While,
)  # fmt: skip
METHODS = {n for n in dir(onp.ndarray) if not n.startswith("_")} | {"items", "keys", "values", "get", "index", "count"}
METHODS -= {
    "tofile", "dump", "dumps", "sort", "fill", "put", "resize", "itemset", "setfield", "partition", "setflags",
    "byteswap",
}  # fmt: skip
INTO = {"out", "copyto", "put", "place", "putmask", "put_along_axis", "fill_diagonal", "at"}  # they write into an array
GROWING = {"append", "extend", "insert"}
MAKES = {
    "zeros", "ones", "eye", "empty", "full", "zeros_like", "ones_like", "empty_like", "full_like", "arange", "linspace",
    "array", "copy", "list", "dict", "identity", "tile", "repeat", "concatenate", "stack", "outer", "dot",
    "exp", "log", "cumsum", "sum", "float", "int", "len", "range",
}  # fmt: skip


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
    words |= {n.arg for n in nodes if isinstance(n, ast.keyword)}
    if any(isinstance(n, NEVER) for n in nodes) or words & (OUTSIDE | RANDOM | INTO):
        return False
    own = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    arguments = {a.arg for a in ast.walk(function.args) if isinstance(a, ast.arg)}
    if not _written_into(nodes) <= own - arguments - _of_others(nodes):
        return False
    nested = {f.name for f in nodes if isinstance(f, ast.FunctionDef)}
    calls = [n.func for n in nodes if isinstance(n, ast.Call)]
    return all(_is_plain(f, variables, pure, own | arguments, nested) for f in calls)


def _written_into(nodes):
    """The variables whose values are changed where they lie: v[0] = a, v += a, v.append(a). None: of an attribute."""
    stored = [n for n in nodes if isinstance(getattr(n, "ctx", None), ast.Store)]
    stored = [n for n in stored if not isinstance(n, (ast.Name, ast.Tuple, ast.List, ast.Starred))]
    stored += [n.target for n in nodes if isinstance(n, ast.AugAssign)]
    stored += [n.value for n in nodes if isinstance(n, ast.Attribute) and n.attr in GROWING]
    return {_root(n) for n in stored}


def _root(node):
    """The variable that is written into, of a[i][j]; none of an attribute."""
    while isinstance(node, ast.Subscript):
        node = node.value
    return getattr(node, "id", None)


def _of_others(nodes):
    """Variables that may be another name for what existed before: v = table, v = table[0], for v in table."""
    given = [n for n in nodes if isinstance(n, (ast.For, ast.comprehension))]
    given += [n for n in nodes if isinstance(n, (ast.Assign, ast.AnnAssign, ast.NamedExpr)) and not _is_made(n.value)]
    targets = [t for n in given for t in getattr(n, "targets", None) or [n.target]]
    return {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _is_made(value):
    """Whether an expression makes something new: a number, arithmetic, a row, or a call that copies."""
    if isinstance(value, (ast.Tuple, ast.List)):
        return all(map(_is_made, value.elts))
    if isinstance(value, ast.Call):
        return getattr(value.func, "attr", getattr(value.func, "id", "")) in MAKES
    return isinstance(value, (ast.Constant, ast.BinOp, ast.UnaryOp, ast.Compare, ast.ListComp))


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
        return called.attr in METHODS | GROWING
    value = variables.get(root.id)
    return is_of_library(value) or kind(value) not in (None, "callable")
