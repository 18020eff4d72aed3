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
import linecache
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as onp

from nfscratch.check.diagnosis.recorded import is_users, uncollected
from nfscratch.check.repair.code_objects import codes, functions_met, functions_of, is_one, place_of
from nfscratch.check.time_limit import Passing

FUTURE = __future__.annotations.compiler_flag


OUTSIDE = {
    "open", "exec", "eval", "os", "sys", "io", "subprocess", "shutil", "socket", "requests", "urllib", "pathlib",
    "Path", "save", "savez", "savez_compressed", "savetxt", "savefig", "tofile", "memmap", "dump", "write",
    "write_text", "write_bytes", "to_csv", "unlink", "remove", "rmtree", "rename", "touch", "mkdir", "system", "popen",
    "Popen", "check_call", "check_output", "execute", "commit", "post", "put", "delete", "urlopen",
}  # fmt: skip


class TooLong(Passing):
    """A run went through more lines than it may, or through others: an edit has led it astray.

    No `except Exception` catches it. Code with a bare `except` is left alone (`touches_the_world`).
    """


class Reached:
    """The user's lines, and the variables at them, that a call goes through; what it raises is passed over."""

    def __init__(self, call: Callable[[], Any]):
        self.lines: dict[str, set[int]] = {}  # of each file
        self.codes: dict[int, CodeType] = {}
        self.locals: dict[int, dict[str, Any]] = {}  # of each code, the last value of each variable
        self.globals: dict[int, dict[str, Any]] = {}
        self.raised = False
        self.goes_through(call)

    def goes_through(self, call: Callable[[], Any]) -> None:
        """Another call, besides."""
        try:
            within(call, 10**6, look=self._look)
        except (Exception, TooLong):  # of any kind: the mistake itself may raise
            self.raised = True

    @property
    def touches_the_world(self) -> bool:
        """Whether the code names what writes files, starts processes or calls others: such code is never changed."""
        nested = [c for code in self.codes.values() for c in codes(code)]  # an edit may call what stands within
        return any(OUTSIDE & set(c.co_names) for c in nested) or self._catches_everything()

    def _catches_everything(self):
        """Whether a handler would catch TooLong, too: Python watches no line after that."""
        return any(_has_such_a_handler(file, self.lines[file]) for file in self.lines)

    def is_met(self, frame: Any) -> bool:
        """Whether the unchanged run came to this line, too; where that raised, to this function.

        (A dataclass's own methods have no file.)
        """
        code, line = frame.f_code, frame.f_lineno
        met = code.co_filename == "<string>" or line in self.lines.get(code.co_filename, ())
        return met or self._is_put_in(code, line) or (self.raised and any(is_one(code, c) for c in self.codes.values()))

    def _is_put_in(self, code, line):
        """Whether the line is none of a function that was met: an expression that an edit put in brings its own."""
        span = self._spans.get((code.co_filename, code.co_qualname, code.co_firstlineno))
        return span is not None and not span[0] <= line <= span[1]

    @cached_property
    def _spans(self):
        """{function: (its first line, its last)}"""
        found = {}
        for code in self.codes.values():
            lines = [line for c in codes(code) for *_, line in c.co_lines() if line]
            found[code.co_filename, code.co_qualname, code.co_firstlineno] = min(lines), max(lines)
        return found

    def _look(self, frame):
        code = frame.f_code
        self.lines.setdefault(code.co_filename, set()).add(frame.f_lineno)
        self.codes[id(code)] = code
        self.locals.setdefault(id(code), {}).update(frame.f_locals)
        self.globals[id(code)] = frame.f_globals


def _has_such_a_handler(file, lines):
    """Whether a bare `except`, `except BaseException` or `finally` stands in a function that was met."""
    tries = [n for f in functions_met(file, lines) for n in ast.walk(f) if isinstance(n, (ast.Try, ast.TryStar))]
    return any(t.finalbody or any(_is_bare(h.type) for h in t.handlers) for t in tries)


def _is_bare(kind):
    """Of an `except`: whether it catches every exception. (Exception does not: TooLong is none.)"""
    names = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(n is None or (isinstance(n, ast.Name) and n.id == "BaseException") for n in names)


def within(
    call: Callable[[], Any], most: int, met: Callable[[Any], bool] | None = None,
    look: Callable[[Any], None] | None = None, left: list[int] | None = None,
) -> tuple[Any, int]:  # fmt: skip
    """What call() gives, and how many of the user's lines it took: at most `most`, all of them met, or TooLong.

    left: a list, in which the lines that are left stand, after an exception, too.
    """
    before, left = sys.gettrace(), [most] if left is None else left
    left[:] = [most]

    def line(frame, event, _):
        if event == "line" or (look is not None and event == "return"):
            left[0] -= 1
            if left[0] < 0 or not (met is None or met(frame)):
                raise TooLong
            if look is not None:
                look(frame)
        return line

    with uncollected():
        sys.settrace(lambda frame, event, _: line if is_users(frame.f_code.co_filename) else None)
        try:
            return call(), most - left[0]
        finally:
            sys.settrace(before)


class LiveStatement:
    """A statement at the top of a file, with the functions in it that a run went through."""

    runs_at_import = False  # whether it is no function, but what made something for them
    makes_by_function = False  # whether it is a function that ran when the module was imported, and not since

    def __init__(self, tree: ast.stmt, file: str, imported: list[CodeType], reached: Reached):
        """imported: the code of the whole file, as an import makes it."""
        self.tree, self.file = tree, file
        self.nodes = sum(1 for _ in ast.walk(tree))
        alone = list(codes(self._compiled()))
        self.size = len(alone)
        self.known: dict[tuple[str, int], CodeType] = {}  # (name, first line) -> the code that lives
        places: dict[int, int] = {}  # id of a code -> its place among all code of the statement
        for code in reached.codes.values():
            known = code.co_filename == file and any(c == code for c in [*imported, *self._codes_of_a_cell()])
            place = place_of(code, alone) if known else None
            if place is not None:
                self.known[code.co_name, code.co_firstlineno] = code
                places[id(code)] = place
        living = functions_of(*(code for code in reached.codes.values() if id(code) in places))
        self.functions: list[tuple[int, FunctionType]] = [(places[id(f.__code__)], f) for f in living]
        free = {key: code.co_freevars for key, code in self.known.items() if code.co_freevars}
        self._reads = [(node, _never_run(node, free[key])) for node, key in _definitions(tree) if key in free]

    def _compiled(self, flags=FUTURE):
        return compile(ast.Module([self.tree], []), self.file, "exec", flags=flags, dont_inherit=True)

    def _compiled_with_reads(self):
        """A function reads on what it has from those around it: Python exchanges no code for one that needs less."""
        bodies = [(node, node.body) for node, _ in self._reads]
        for node, read in self._reads:
            node.body = [*node.body, read]
        try:
            return self._compiled()
        finally:
            for node, body in bodies:
                node.body = body

    def _codes_of_a_cell(self):
        """A notebook compiles each statement alone."""
        return [code for flags in (0, FUTURE) for code in codes(self._compiled(flags))]

    @contextmanager
    def edited(self) -> Iterator[None]:
        """The living functions with the code of the tree as it is now. ValueError: the tree cannot stand there."""
        try:
            new = list(codes(self._compiled_with_reads()))
        except (SyntaxError, TypeError, RecursionError) as error:
            raise ValueError(str(error)) from None
        if len(new) != self.size:
            raise ValueError("a function within the functions is lost")
        old = [function.__code__ for _, function in self.functions]
        try:
            for place, function in self.functions:
                if new[place].co_freevars != function.__code__.co_freevars:
                    raise ValueError("the function sees other variables of those around it")
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
            imported = list(codes(compile(module, file, "exec", dont_inherit=True)))
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


def _definitions(tree):
    """(node, (name, first line)) of each function with a body of statements."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield node, (node.name, min(n.lineno for n in [node, *node.decorator_list]))


def _never_run(node, names):
    """A statement that reads the variables, and is never come to."""
    reads = [ast.Expr(ast.Name(name, ast.Load())) for name in names]
    return ast.fix_missing_locations(ast.copy_location(ast.If(ast.Constant(0), reads, []), node.body[-1]))
