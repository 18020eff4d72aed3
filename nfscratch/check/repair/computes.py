"""Computes: whether a line that ran once can run again and do nothing but compute.

It assigns, and calls Python's own functions of numbers and rows, the functions of NumPy, SciPy, math and their like,
and the methods of arrays. It calls no class or object of the user's, because nobody can tell what these do,
and of his functions those alone that pure.py has looked through.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Collection
from functools import partial
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as onp

from nfscratch.check.repair.live_code import OUTSIDE, kind

LIBRARIES = {"numpy", "scipy", "math", "cmath", "functools", "itertools", "operator"}
BUILTINS = {
    "abs", "all", "any", "bool", "complex", "dict", "divmod", "enumerate", "filter", "float", "int", "len", "list",
    "map", "max", "min", "pow", "range", "reversed", "round", "set", "slice", "sorted", "str", "sum", "tuple", "zip",
}  # fmt: skip
CALLED = (FunctionType, BuiltinFunctionType, MethodType, type, partial, ModuleType)
RANDOM = {"random", "default_rng", "RandomState", "seed", "manual_seed", "PRNGKey"}


def can_run_again(line: ast.stmt, variables: dict[str, Any], pure: Collection[str] = ()) -> bool:
    """Whether it assigns, and calls nothing that draws numbers, touches the world or is the user's own.

    pure: those of the user's own functions that may be called.
    """
    words = {getattr(n, "id", getattr(n, "attr", "")) for n in ast.walk(line)}
    if not isinstance(line, ast.Assign) or words & (OUTSIDE | RANDOM):
        return False
    if any(isinstance(n, (ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom)) for n in ast.walk(line)):
        return False
    called = [n.func for n in ast.walk(line) if isinstance(n, ast.Call)]
    named = [n.id for n in ast.walk(line) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)]
    held = [n for n in ast.walk(line) if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name)]
    if any(_is_users_own(n, variables) for n in named if n not in pure) or not all(
        _is_held(n, variables) for n in held
    ):
        return False
    return all(getattr(f, "id", None) in pure or _computes(f, variables) for f in called)


def _computes(called, variables):
    """Whether what is called is a function of a library, one of Python's own, or a method of numbers."""
    if isinstance(called, ast.Name):
        known = variables.get(called.id, getattr(builtins, called.id, None))
        return (called.id in BUILTINS and called.id not in variables) or is_of_library(known)
    if not isinstance(called, ast.Attribute):
        return isinstance(called, ast.Lambda)
    root, way = called.value, []
    while isinstance(root, ast.Attribute):
        root, way = root.value, [root.attr, *way]
    if not isinstance(root, ast.Name):
        return True  # a method of what the line computes
    value = variables.get(root.id)
    if is_of_library(value):
        return True
    for name in way:  # self.weights.sum(): what the object holds, and no property
        value = getattr(value, "__dict__", {}).get(name)
    return kind(value) not in (None, "callable")


def is_of_library(value: Any) -> bool:
    """Whether it is a library's own module, function or object; one that wraps a function is what that is."""
    wrapped = getattr(value, "func", None) if isinstance(value, partial) else getattr(value, "pyfunc", None)
    if isinstance(value, (partial, onp.vectorize)) and wrapped is not None:
        return is_of_library(wrapped)
    if isinstance(value, onp.ufunc) and "(vectorized)" in value.__name__:  # of np.frompyfunc
        return False
    name = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None) or ""
    return (isinstance(value, ModuleType) or callable(value)) and str(name).split(".")[0] in LIBRARIES


def _is_held(node, variables):
    """Of name.attribute: whether no method or property of a user's object stands behind it."""
    value = variables.get(node.value.id)
    if value is None or is_of_library(value) or kind(value) not in (None, "callable"):
        return True
    held = getattr(value, "__dict__", {})
    return node.attr in held and not callable(held[node.attr])


def _is_users_own(name, variables):
    """Whether it stands for a function, a class or a module that is none of the libraries'."""
    value = variables.get(name)
    return isinstance(value, CALLED) and not is_of_library(value)
