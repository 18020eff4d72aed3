"""Loops: whether an inverse may repeat something, or is forward on purpose, by the lines that it goes through.

A formula that is off has not stopped too early.
"""

from __future__ import annotations

import ast
from contextlib import suppress
from functools import partial

import numpy as onp

from nfscratch.check.repair.code_objects import functions_met
from nfscratch.check.repair.live_code import Reached, within
from nfscratch.check.trial import Trial

MOST = 10**6  # lines
LOOPS = (ast.For, ast.While, ast.comprehension)
# What repeats by itself: SciPy's solvers, a function that is handed one, and what calls back.
REPEATING = {"optimize", "root", "root_scalar", "brentq", "bisect", "newton", "fsolve", "fixed_point", "reduce", "map",
             "accumulate", "solve_ivp", "while_loop", "fori_loop", "scan", "vectorize"}  # fmt: skip


def has_loops(trial: Trial) -> bool:
    """Whether a loop stands in the user's code of inverse, or cannot be ruled out: of code that nobody can read."""
    x = onp.array(trial.x[:1])
    reached = Reached(lambda: trial.subject.at(onp.arange(1)).inverse(x))
    if not reached.lines or _calls_itself(reached):
        return True
    if any(REPEATING & set(code.co_names) for code in reached.codes.values()):
        return True
    return any(_in_file(file, lines) for file, lines in reached.lines.items())


def makes_each_column(trial: Trial, direction: str) -> bool:
    """Whether a loop of this direction gives a value to each column in its turn: x[:, i] = ... for all i."""
    visited: dict[str, set[int]] = {}
    at = onp.array(trial.input(direction)[:1])

    def look(frame):
        for name in names.get(frame.f_code.co_filename, ()):
            value = frame.f_locals.get(name)
            if isinstance(value, (int, onp.integer)):
                visited.setdefault(name, set()).add(int(value))

    call = partial(getattr(trial.subject.at(onp.arange(1)), direction), at)
    reached = Reached(lambda: call())
    names = {file: _names_of_columns(file, lines) for file, lines in reached.lines.items()}
    with suppress(Exception):  # of any kind: the functions' own
        within(call, MOST, look=look)
    return any(set(range(trial.subject.dim)) <= seen for seen in visited.values())


def _names_of_columns(file, lines):
    """The variables that count the columns in a loop which sets them one by one, and reads what it has set."""
    loops = [n for f in functions_met(file, lines) for n in ast.walk(f) if isinstance(n, ast.For)]
    return {loop.target.id for loop in loops if isinstance(loop.target, ast.Name) and _fills(loop)}


def _fills(loop):
    """Whether x[:, i] = ... stands in a loop over i, and x in what it is made of."""
    nodes = list(ast.walk(loop))
    stored = [n for n in nodes if isinstance(n, ast.Subscript) and isinstance(n.ctx, ast.Store)]
    by_number = [n for n in stored if any(getattr(m, "id", "") == loop.target.id for m in ast.walk(n.slice))]
    arrays = [n.value.id for n in by_number if isinstance(n.value, ast.Name)]
    named = [n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)]
    return any(named.count(array) > arrays.count(array) for array in arrays)


def is_one_function(trial: Trial) -> bool:
    """Whether both directions go through the same code: an inverse that is forward on purpose, as of a reflection.

    Lines do not tell it: two lambdas may stand in one.
    """
    subject, rows = trial.subject.at(onp.arange(1)), onp.array(trial.x[:1])
    ways = [Reached(lambda call=call: call(rows.copy())).codes for call in (subject.forward, subject.inverse)]
    there, back = ({id(code) for code in way.values()} for way in ways)
    return bool(there) and there == back


def _calls_itself(reached):
    return any(code.co_name in code.co_names for code in reached.codes.values())


def _in_file(file, lines):
    met = functions_met(file, lines)
    return any(isinstance(n, LOOPS) for f in met for n in ast.walk(f)) or not met
