"""Scope: the variables that an expression of a user's function may name, with the values that they had in a run."""

from __future__ import annotations

import ast
import builtins
from functools import cached_property
from types import FunctionType, ModuleType
from typing import Any

import numpy as onp

from nfscratch.check.diagnosis.recorded import is_users
from nfscratch.check.repair.live_code import LiveStatement, Reached, kind

COMPREHENSIONS = ("<genexpr>", "<listcomp>", "<dictcomp>", "<setcomp>")
MOST_KEYS = 12
MOST_GLOBALS = 20  # of a module: the tables of a large one are not what a slip of the pen takes


class Scope:
    """The variables of one function. Of a function that the run did not call, none."""

    def __init__(self, function: ast.AST | None, statement: LiveStatement, reached: Reached):
        self.function = function
        first = min((n.lineno for n in [function, *getattr(function, "decorator_list", [])] if n), default=0)
        code = statement.known.get((getattr(function, "name", "<lambda>"), first))
        inner = {} if code is None else _of_comprehensions(code, reached)
        self.locals: dict[str, Any] = {} if code is None else inner | reached.locals[id(code)]
        self.module: dict[str, Any] = {} if code is None else reached.globals[id(code)]
        self.met = {id(c) for c in reached.codes.values()}
        self.named = {name for c in reached.codes.values() for name in c.co_names}
        self.file = statement.file
        self.pool: list[ast.expr] = []  # expressions of the function that could stand elsewhere in it

    @cached_property
    def values(self) -> dict[str, Any]:
        """Name -> value: local variables, then the numbers and the user's own functions of the module."""
        own = {k: v for k, v in self.module.items() if k in self.named and like_what(v) is not None and self._own(v)}
        own = own if len(own) <= MOST_GLOBALS else {}
        return {**own, **self.locals}

    @cached_property
    def held(self) -> list[tuple[ast.expr, Any]]:
        """(expression, value) of the function's variables, and of what its objects and tables hold: self.order."""
        objects = {k: vars(v) for k, v in self.locals.items() if _is_object(v)}
        inside = [(_name(me, k), v) for me, held in objects.items() for k, v in held.items() if k.isidentifier()]
        everything = {k: v for k, v in self.module.items() if k in self.named} | self.locals
        tables = {k: v for k, v in everything.items() if isinstance(v, dict) and len(v) <= MOST_KEYS}
        keyed = [(_element(k, key), v) for k, table in tables.items() for key, v in table.items() if type(key) is str]
        return [*((_name(k), v) for k, v in self.values.items()), *inside, *keyed]

    def knows(self, name: str) -> bool:
        """Whether the function can read a variable of this name."""
        return name in self.locals or name in self.module or hasattr(builtins, name)

    def value_of(self, node: ast.AST) -> Any:
        """The value of a name, or of an attribute, an element or a slice of it; None where that is not known."""
        try:
            if isinstance(node, ast.Name):
                table = self.module.get(node.id)
                return self.values.get(node.id, table if isinstance(table, dict) else None)
            if isinstance(node, ast.Attribute):
                return vars(self.value_of(node.value)).get(node.attr)
            if isinstance(node, ast.Subscript):
                return self.value_of(node.value)[self._index(node.slice)]
        except Exception:  # of any kind: it has no such element
            pass
        return None

    def evaluated(self, node: ast.expr) -> Any:
        """The value of an expression that calls nothing new; None where it has none."""
        try:
            code = compile(ast.fix_missing_locations(ast.Expression(node)), "<expression>", "eval")
            return eval(code, dict(self.module), dict(self.locals)) if self.calls_what_was_met(node) else None
        except Exception:  # of any kind: a variable that another turn of a loop had
            return None

    def _index(self, node):
        if isinstance(node, ast.Slice):
            return slice(*[part and self._index(part) for part in (node.lower, node.upper, node.step)])
        if isinstance(node, ast.Tuple):
            return tuple(self._index(part) for part in node.elts)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return -self._index(node.operand)
        return node.value if isinstance(node, ast.Constant) else self.locals[node.id]

    def calls_what_was_met(self, node: ast.AST) -> bool:
        """Whether an expression calls only a library's functions, methods of arrays, and what the run itself called."""
        return all(self._is_met(n.func) for n in ast.walk(node) if isinstance(n, ast.Call))

    def _is_met(self, func):
        if isinstance(func, ast.Name):
            target = self.locals.get(func.id, self.module.get(func.id, getattr(builtins, func.id, None)))
        elif isinstance(func, ast.Attribute):
            target = getattr(self._holder(func.value), func.attr, getattr(onp.ndarray, func.attr, None))
        else:
            return False
        of_class = vars(type(target)).get("__call__")
        code = getattr(target, "__code__", getattr(of_class, "__code__", None))
        return target is not None and (code is None or not is_users(code.co_filename) or id(code) in self.met)

    def _holder(self, node):
        """What an attribute is of: a module, a module of one (np.linalg), an object that a variable holds."""
        if isinstance(node, ast.Attribute):
            return getattr(self._holder(node.value), node.attr, None)
        name = getattr(node, "id", None)
        return self.locals.get(name, self.module.get(name))

    def _own(self, value):
        code = getattr(value, "__code__", None)
        return kind(value) != "callable" or code is None or code.co_filename == self.file

    def comes_back(self, name: str) -> bool:
        """Whether it is the function itself, or one that calls it: no line of the user's may end that.

        A library may fill the memory before Python counts the calls.
        """
        own = getattr(self.function, "name", "")
        code = getattr(self.values.get(name), "__code__", None)
        return code is not None and own in (name, *code.co_names)

    @cached_property
    def array_module(self) -> str | None:
        """The name by which the function calls NumPy, or a library like it: "np"."""
        modules = [k for k, v in self.module.items() if isinstance(v, ModuleType) and hasattr(v, "exp")]
        like_numpy = [k for k in modules if hasattr(self.module[k], "argsort")]
        return next(iter([*like_numpy, *modules]), None)

    def like(self, value: Any) -> list[str]:
        """The variables that could stand where a value of this kind stands."""
        wanted = like_what(value)
        return [] if wanted is None else [k for k, v in self.values.items() if like_what(v) == wanted]


def like_what(value: Any) -> Any:
    """What it may stand for; a row of whole numbers is an order of columns as well as an array of them."""
    row = isinstance(value, (list, tuple)) and len(value) > 1 and all(type(v) is int for v in value)
    return ("numbers", 1) if row else kind(value)


def _of_comprehensions(code, reached):
    """The variables of the comprehensions in a function, which are functions of their own to Python."""
    found: dict[str, Any] = {}
    for key, inner in reached.codes.items():
        if inner.co_name in COMPREHENSIONS and inner.co_qualname.startswith(f"{code.co_qualname}.<locals>.<"):
            if inner.co_filename == code.co_filename:
                found |= {k: v for k, v in reached.locals[key].items() if not k.startswith(".")}
    return found


def _name(name, *attributes):
    node = ast.Name(name, ast.Load())
    for attribute in attributes:
        node = ast.Attribute(node, attribute, ast.Load())
    return node


def _element(name, key):
    return ast.Subscript(_name(name), ast.Constant(key), ast.Load())


def _is_object(value):
    """Whether it is an object of the user's, which holds something."""
    plain = not isinstance(value, (ModuleType, type, FunctionType)) and not hasattr(value, "ndim")
    return plain and isinstance(getattr(value, "__dict__", None), dict)


def is_scale(value: Any) -> bool:
    """Whether it is a number that can stretch: not 0, 1 or -1."""
    number = isinstance(value, (int, float, onp.generic)) and not isinstance(value, (bool, onp.bool_))
    return bool(number and onp.isfinite(value) and abs(value) not in (0, 1))
