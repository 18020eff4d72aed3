"""LiveCode: what a run goes through in the user's files, and a way to run it with another syntax tree.

    Reached(call)            the code objects, lines and variables that a call meets
    LiveStatement(...)       a statement at the top of a file (a function, a class) whose functions are alive
    with statement.edited()  the tree as it is now, compiled, in the place of the code of the living functions

A function keeps its identity: only its __code__ is exchanged, so that closures, methods and tables of functions see the
change too. A file that has changed since it was imported gives other code than the one that lives, and is left alone.
"""

from __future__ import annotations
import __future__

import ast
import gc
import linecache
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as onp

from nfscratch.check.diagnosis.recorded import is_users

FUTURE = __future__.annotations.compiler_flag


OUTSIDE = {
    "open", "exec", "eval", "os", "sys", "io", "subprocess", "shutil", "socket", "requests", "urllib", "pathlib",
    "Path", "save", "savez", "savetxt", "tofile", "dump", "write", "write_text", "write_bytes", "unlink", "remove",
    "rmtree",
}  # fmt: skip


class TooLong(BaseException):
    """A run went through more lines than it may: an edit has made a loop endless. No `except Exception` catches it."""


class Reached:
    """The user's lines, and the variables at them, that a call goes through; what it raises is passed over."""

    def __init__(self, call: Callable[[], Any]):
        self.lines: dict[str, set[int]] = {}  # of each file
        self.codes: dict[int, CodeType] = {}
        self.locals: dict[int, dict[str, Any]] = {}  # of each code, the last value of each variable
        self.globals: dict[int, dict[str, Any]] = {}
        try:
            within(call, 10**6, self._look)
        except (Exception, TooLong):  # of any kind: the mistake itself may raise
            pass

    @property
    def touches_the_world(self) -> bool:
        """Whether the code names what writes files, starts processes or calls others: such code is never changed."""
        return any(OUTSIDE & set(code.co_names) for code in self.codes.values())

    def _look(self, frame):
        code = frame.f_code
        self.lines.setdefault(code.co_filename, set()).add(frame.f_lineno)
        self.codes[id(code)] = code
        self.locals.setdefault(id(code), {}).update(frame.f_locals)
        self.globals[id(code)] = frame.f_globals


def within(call: Callable[[], Any], most: int, look: Callable[[Any], None] | None = None) -> tuple[Any, int]:
    """What call() gives, and how many of the user's lines it took: at most `most`, or TooLong."""
    before, left = sys.gettrace(), [most]

    def line(frame, event, _):
        if event == "line" or (look is not None and event == "return"):
            left[0] -= 1
            if left[0] < 0:
                raise TooLong
            if look is not None:
                look(frame)
        return line

    sys.settrace(lambda frame, event, _: line if is_users(frame.f_code.co_filename) else None)
    try:
        return call(), most - left[0]
    finally:
        sys.settrace(before)


class LiveStatement:
    """A statement at the top of a file, with the functions in it that a run went through."""

    def __init__(self, tree: ast.stmt, file: str, imported: list[CodeType], reached: Reached):
        """imported: the code of the whole file, as an import makes it."""
        self.tree, self.file = tree, file
        self.nodes = sum(1 for _ in ast.walk(tree))
        alone = list(_codes(self._compiled()))
        self.size = len(alone)
        self.functions: list[tuple[int, FunctionType]] = []  # the place among all code of the statement
        self.known: dict[tuple[str, int], CodeType] = {}  # (name, first line) -> the code that lives
        for code in reached.codes.values():
            place = _place_of(code, imported, alone) if code.co_filename == file else None
            if place is not None:
                self.known[code.co_name, code.co_firstlineno] = code
                self.functions += [(place, function) for function in _functions_of(code)]

    def _compiled(self):
        return compile(ast.Module([self.tree], []), self.file, "exec", flags=FUTURE, dont_inherit=True)

    @contextmanager
    def edited(self) -> Iterator[None]:
        """The living functions with the code of the tree as it is now. ValueError: the tree cannot stand there."""
        try:
            new = list(_codes(self._compiled()))
        except (SyntaxError, TypeError) as error:
            raise ValueError(str(error)) from None
        if len(new) != self.size:
            raise ValueError("a function within the functions is lost")
        old = [function.__code__ for _, function in self.functions]
        try:
            for place, function in self.functions:
                function.__code__ = new[place]
            yield
        finally:
            for (_, function), code in zip(self.functions, old, strict=True):
                function.__code__ = code


def live_statements(reached: Reached) -> list[LiveStatement]:
    """The statements at the top of the user's files whose functions a run went through."""
    found = []
    for file, lines in reached.lines.items():
        try:
            module = ast.parse("".join(linecache.getlines(file)))
            imported = list(_codes(compile(module, file, "exec", dont_inherit=True)))
        except SyntaxError:
            continue
        for tree in module.body:
            if any(tree.lineno <= line <= tree.end_lineno for line in lines):
                statement = LiveStatement(tree, file, imported, reached)
                found += [statement] if statement.functions else []
    return found


def kind(value: Any) -> Any:
    """What may stand for what: numbers of as many axes; callables; nothing else."""
    if isinstance(value, (ModuleType, type, str, bytes)) or value is None:
        return None
    if isinstance(value, (bool, int, float, onp.generic)) or hasattr(value, "ndim"):
        return ("numbers", getattr(value, "ndim", 0))
    return "callable" if callable(value) else None


def _codes(code):
    """The code, and all that is nested in it, in the order of the source."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _place_of(code, imported, alone):
    """Which of the statement's code objects the living one is; None: its source is not what it was at the import.

    The same statement compiled alone has other instructions, because the compiler does not see what is imported.
    """
    among = next((k for k, c in enumerate(_namesakes(code, imported)) if c.co_code == code.co_code), None)
    here = _namesakes(code, alone)
    return None if among is None or among >= len(here) else next(k for k, c in enumerate(alone) if c is here[among])


def _namesakes(code, among):
    names = ("co_name", "co_qualname", "co_firstlineno", "co_freevars", "co_varnames")
    return [c for c in among if all(getattr(c, n) == getattr(code, n) for n in names)]


def _functions_of(code):
    return [f for f in gc.get_referrers(code) if isinstance(f, FunctionType) and f.__code__ is code]
