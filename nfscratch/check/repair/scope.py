"""Scope: the variables that an expression of a user's function may name, with the values that they had in a run."""

from __future__ import annotations

import ast
import builtins
from functools import cached_property
from types import ModuleType
from typing import Any

from nfscratch.check.repair.live_code import LiveStatement, Reached, kind

MOST_GLOBALS = 20  # of a module: the tables of a large one are not what a slip of the pen takes


class Scope:
    """The variables of one function. Of a function that the run did not call, none."""

    def __init__(self, function: ast.AST | None, statement: LiveStatement, reached: Reached):
        self.function = function
        first = min((n.lineno for n in [function, *getattr(function, "decorator_list", [])] if n), default=0)
        code = statement.known.get((getattr(function, "name", "<lambda>"), first))
        self.locals: dict[str, Any] = {} if code is None else reached.locals[id(code)]
        self.module: dict[str, Any] = {} if code is None else reached.globals[id(code)]
        self.named = {name for c in reached.codes.values() for name in c.co_names}
        self.file = statement.file
        self.pool: list[ast.expr] = []  # expressions of the function that could stand elsewhere in it

    @cached_property
    def values(self) -> dict[str, Any]:
        """Name -> value: local variables, then the numbers and the user's own functions of the module."""
        own = {k: v for k, v in self.module.items() if k in self.named and kind(v) is not None and self._own(v)}
        own = own if len(own) <= MOST_GLOBALS else {}
        return {**own, **self.locals}

    def knows(self, name: str) -> bool:
        """Whether the function can read a variable of this name."""
        return name in self.locals or name in self.module or hasattr(builtins, name)

    def value_of(self, node: ast.AST) -> Any:
        """The value of a name, or of an attribute or element of it; None where that is not known."""
        try:
            if isinstance(node, ast.Name):
                return self.values.get(node.id)
            if isinstance(node, ast.Attribute):
                return vars(self.value_of(node.value)).get(node.attr)
            if isinstance(node, ast.Subscript):
                return self.value_of(node.value)[self._index(node.slice)]
        except Exception:  # of any kind: it has no such element
            pass
        return None

    def _index(self, node):
        return node.value if isinstance(node, ast.Constant) else self.locals[node.id]

    def _own(self, value):
        code = getattr(value, "__code__", None)
        return kind(value) != "callable" or code is None or code.co_filename == self.file

    @cached_property
    def array_module(self) -> str | None:
        """The name by which the function calls NumPy, or a library like it: "np"."""
        modules = [k for k, v in self.module.items() if isinstance(v, ModuleType) and hasattr(v, "exp")]
        like_numpy = [k for k in modules if hasattr(self.module[k], "argsort")]
        return next(iter([*like_numpy, *modules]), None)

    def like(self, value: Any) -> list[str]:
        """The variables that could stand where a value of this kind stands."""
        wanted = kind(value)
        return [] if wanted is None else [k for k, v in self.values.items() if kind(v) == wanted]
