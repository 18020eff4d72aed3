"""CallSites: the arguments that a class or a function of the user's was given when the module was imported.

    layers = [Layer(D, k % 2) for k in range(4)]        the four calls, as they are written at the top of the module

The statement runs again with stand-ins for all that is the user's own, so that nothing of his runs: they only note what
they are given. What one of his functions had given to another is not known, and is a stand-in, too.
"""

from __future__ import annotations

import ast
import builtins
import inspect
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from typing import Any

import numpy as onp

from nfscratch.check.repair.computes import BUILTINS, RANDOM, is_of_library
from nfscratch.check.repair.live_code import OUTSIDE
from nfscratch.check.repair.made_lines import run_again

PLAIN = (bool, int, float, complex, str, type(None), range, onp.ndarray, onp.generic)
ROWS = (list, tuple)
STATEMENTS = (ast.Assign, ast.AnnAssign, ast.Expr, ast.For)
HARMLESS = {name: getattr(builtins, name) for name in BUILTINS}  # no input(), no open()
MOST = 24  # calls of one maker


class StandIn:
    """What a call of the user's own gives: anything may be asked of it, and it is no number."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *_, **__):
        return self


class Noted(StandIn):
    """A stand-in that notes what it is given."""

    def __init__(self, signature: inspect.Signature, of_method: bool):
        self.signature, self.before, self.calls = signature, (None,) * of_method, []

    def __call__(self, *args, **named):
        bound = self.signature.bind(*self.before, *args, **named)
        bound.apply_defaults()
        if len(self.calls) < MOST:
            self.calls.append({k: v for k, v in bound.arguments.items() if not isinstance(v, StandIn)})
        return StandIn()


def calls_at_import(
    name: str, maker: Callable[..., Any], body: list[ast.stmt], file: str, variables: dict[str, Any]
) -> list[dict[str, Any]]:
    """The arguments by their names, of each call. maker: the function, or the __init__ of the class, of that name."""
    try:
        noted = Noted(inspect.signature(maker), maker is not variables.get(name))
    except (TypeError, ValueError):
        return []
    for line in body:
        if isinstance(line, STATEMENTS) and _calls(line, name) and not _is_risky(line):
            with suppress(ValueError):  # it needs what is not known
                run_again([line], file, _stood_in(variables) | {name: noted, "__builtins__": HARMLESS})
    return noted.calls


def _stood_in(variables):
    """Copies of what is plain, because the statement may write into a list, and stand-ins for the rest."""
    plain = {k: v for k, v in variables.items() if k != "__builtins__" and _is_plain(v)}
    copied = {k: deepcopy(v) if isinstance(v, (*ROWS, onp.ndarray)) else v for k, v in plain.items()}
    return {k: StandIn() for k in variables} | copied


def _is_plain(value):
    """Whether it is a number, a word, an array, a row of such, or a library's own: none of it runs the user's code."""
    return (type(value) in ROWS and all(map(_is_plain, value))) or isinstance(value, PLAIN) or is_of_library(value)


def _calls(line, name):
    return any(isinstance(n, ast.Call) and getattr(n.func, "id", "") == name for n in ast.walk(line))


def _is_risky(line):
    words = {getattr(n, "id", getattr(n, "attr", "")) for n in ast.walk(line)}
    return bool(words & ((OUTSIDE | RANDOM) - {"random", "default_rng"}))
