"""CodeObjects: which code object of a statement lives in a function, and which functions of a file a run met."""

from __future__ import annotations

import ast
import gc
import linecache
from collections.abc import Iterable
from functools import lru_cache
from types import CodeType, FunctionType


def is_one(a, b):
    """Whether code a is that of function b with another body, or of a function within it."""
    same = a.co_qualname == b.co_qualname and a.co_firstlineno == b.co_firstlineno
    return a.co_filename == b.co_filename and (same or a.co_qualname.startswith(f"{b.co_qualname}.<locals>."))


def codes(code):
    """The code, and all that is nested in it, in the order of the source."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from codes(constant)


def place_of(code, alone):
    """Which of the statement's code objects the living one is, by what it is called and where it stands.

    Compiled alone it has other instructions, because the compiler does not see what is imported.
    """
    same = [k for k, c in enumerate(alone) if identity(c) == identity(code)]
    if len(same) > 1:  # before Python 3.12.5 a lambda that gives a constant has no columns (cpython#120722)
        same = [k for k in same if alone[k] == code]
    return same[0] if same else None


def identity(code):
    places = [p for p in code.co_positions() if None not in p]
    lines, ends, columns, last = zip(*places, strict=True) if places else ((0,),) * 4
    return code.co_qualname, code.co_freevars, min(zip(lines, columns)), max(zip(ends, last))  # noqa: B905


def functions_of(*codes):
    """Those that live, code by code. One look for all of them: it goes through every object of the process."""
    living = [f for f in gc.get_referrers(*codes) if isinstance(f, FunctionType)] if codes else []
    return [f for code in codes for f in living if f.__code__ is code]


def functions_met(file: str, lines: Iterable[int]) -> list[ast.AST]:
    """The functions and lambdas of a file that one of the lines stands in, to be read and not changed."""
    functions = _functions_in("".join(linecache.getlines(file)))
    return [f for f in functions if any(f.lineno <= line <= f.end_lineno for line in lines)]


@lru_cache(maxsize=4)
def _functions_in(text):
    """None of a text that cannot be read."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return []
    return [n for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.Lambda))]
