"""What a function sets from the first batch that it sees, where nothing says that it has been set: state["ready"].

    if not state["ready"]:
        state["loc"], state["ready"] = x.mean(0), True

The branch has been run once when it is looked for, and is run no more. So the flag is put back, in a child: where the
function comes to the branch then, and gives something else than before, the branch is what the first call left behind.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as onp

from nfscratch.check.repair.child import answered_by_child
from nfscratch.check.repair.code_objects import functions_met, functions_of
from nfscratch.check.repair.live_code import Reached, live_statements
from nfscratch.check.repair.scope import Scope
from nfscratch.check.repair.ways import both_directions
from nfscratch.check.trial import Trial

STATEMENTS = (ast.Assign, ast.AnnAssign, ast.AugAssign)
HELD = (ast.Attribute, ast.Subscript, ast.Name)
UNSET = (False, None, 0, True)  # what a flag may be before anything is set
SHOWN = 3  # targets that a message names


def set_once(trial: Trial) -> str | None:
    """Where, what and why, in words; None where no branch is that."""
    return answered_by_child(partial(_found, trial))


def _found(trial):
    both = partial(both_directions, trial, 0)
    reached = Reached(both)
    for statement in live_statements(reached):
        for function in functions_met(statement.file, reached.lines[statement.file]):
            scope = Scope(_same(statement.tree, function), statement, reached)
            for branch, flag, targets in _branches(function, reached.lines[statement.file]):
                if _is_left_behind(trial, branch, flag, scope, reached):
                    line = next(n.lineno for n in branch.body if set(_targets(n)) & set(targets))
                    what, test = " and ".join(targets[:SHOWN]), ast.unparse(branch.test)
                    here = f"line {line} of {Path(statement.file).name}"
                    return f"{here} sets {what} from the first batch, as `{test}` holds then"
    return None


def _same(tree, function):
    """The function in another tree of the same file: they are found by their place."""
    kind, line = type(function), function.lineno
    return next((n for n in ast.walk(tree) if type(n) is kind and n.lineno == line), None)


def _branches(function, lines) -> Iterator[tuple[ast.If, ast.expr, list[str]]]:
    """(branch, flag, what it sets besides) of each `if` whose body was not come to, and sets what its test reads."""
    for branch in [n for n in ast.walk(function) if isinstance(n, ast.If) and n.lineno in lines]:
        if any(n.lineno in lines for n in branch.body):
            continue
        sets = list(dict.fromkeys(t for n in ast.walk(branch) for t in _targets(n)))
        read = [n for n in ast.walk(branch.test) if isinstance(n, HELD) and ast.unparse(n) in sets]
        for flag in read[:1]:
            text = ast.unparse(flag)
            rest = [  # not what is gone with the call
                t for t in sets if t != text and not (t.isidentifier() and t not in _from_around(function))
            ]
            yield branch, flag, rest or [text]


def _targets(line: ast.AST) -> list[str]:
    """What a line of assignment sets, each by its text; the table, of table.update(...)."""
    if isinstance(line, ast.Expr) and getattr(getattr(line.value, "func", None), "attr", "") == "update":
        return [ast.unparse(line.value.func.value)]
    if not isinstance(line, STATEMENTS):
        return []
    whole = line.targets if isinstance(line, ast.Assign) else [line.target]
    parts = [e for t in whole for e in (t.elts if isinstance(t, (ast.Tuple, ast.List)) else [t])]
    return [ast.unparse(t) for t in parts if isinstance(t, HELD)]


def _from_around(function):
    """The variables that are declared global or nonlocal."""
    return {name for n in ast.walk(function) if isinstance(n, (ast.Global, ast.Nonlocal)) for name in n.names}


def _is_left_behind(trial, branch, flag, scope, reached):
    """Whether the run comes to the branch with the flag put back, and forward or inverse gives something else then."""
    before = _results(trial)
    if _differ(before, _results(trial)):  # something else is left from call to call, or drawn
        return False
    for value in UNSET:
        if not _put(flag, value, scope, reached):
            return False
        again = Reached(partial(both_directions, trial, 0))
        if any(n.lineno in again.lines.get(scope.file, ()) for n in branch.body):
            return _put(flag, value, scope, reached) and _differ(before, _results(trial, other=True))
    return False


def _results(trial, other=False):
    """What both directions give. other: another batch comes first, from which what is set anew is set."""
    s, rows = trial.subject, onp.flatnonzero(trial.usable)
    z, x = trial.z[rows], trial.x[rows]
    with onp.errstate(all="ignore"):
        if other:
            s.inverse(x[: len(x) // 2]), s.forward(z[: len(z) // 2])
        return [onp.asarray(a) for f, b in ((s.forward, z), (s.inverse, x)) for a in f(b.copy())]


def _differ(before, after):
    return any(
        a.shape == b.shape and not onp.allclose(a, b, equal_nan=True) for a, b in zip(before, after, strict=True)
    )


def _put(flag: ast.expr, value: Any, scope: Scope, reached: Reached) -> bool:
    """Another value in the place of the flag; whether that can be done."""
    try:
        if isinstance(flag, ast.Attribute):
            setattr(scope.evaluated(flag.value), flag.attr, value)
        elif isinstance(flag, ast.Subscript):
            scope.evaluated(flag.value)[scope.evaluated(flag.slice)] = value
        else:
            _put_name(flag.id, value, scope, reached)
    except Exception:  # of any kind: it cannot be written to
        return False
    return True


def _put_name(name, value, scope, reached):
    """A variable of the module, or of the function around: its cell."""
    if name in scope.module:
        scope.module[name] = value
    around = [c for c in reached.codes.values() if c.co_filename == scope.file and name in c.co_freevars]
    for function in functions_of(*around):
        function.__closure__[function.__code__.co_freevars.index(name)].cell_contents = value
