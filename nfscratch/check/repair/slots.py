"""Slots: which columns a variable was taken from, and which it is put back into.

e, o = z[:, 0::2], z[:, 1::2]        e and o have their columns
x[:, 0::2], x[:, 1::2] = o, e        crossed: each is put where the other was taken from
np.hstack([o, e])                    crossed, too, of x[:, :d] and x[:, d:]

Of two changes that mend a round trip, the likelier one does not cross what was straight.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

from nfscratch.check.repair.edit import Edit, source

JOINING = ("hstack", "concatenate", "column_stack")


def newly_crossed(edit: Edit, statements: Iterable[Any]) -> int:
    """How many more variables are put into another's columns after an edit; below 0: so many fewer."""
    trees = list({id(s): s.tree for s in statements}.values())
    before = sum(map(_crossed, trees))
    with edit.done():
        return sum(map(_crossed, trees)) - before


def _crossed(tree):
    return sum(_of_function(f) for f in ast.walk(tree) if isinstance(f, ast.FunctionDef))


def _of_function(function):
    nodes = list(ast.walk(function))
    pairs = [pair for n in nodes if isinstance(n, ast.Assign) for pair in _pairs(n)]
    taken = {t.id: _columns(v) for t, v in pairs if isinstance(t, ast.Name) and _columns(v)}
    put = [(taken.get(v.id), _columns(t)) for t, v in pairs if isinstance(v, ast.Name)]
    slots = set(taken.values())
    crossed = sum(bool(a and b) and a != b and b in slots for a, b in put)
    return crossed + sum(_is_turned(n, taken) for n in nodes)


def _pairs(line):
    """(target, value) of an assignment, one by one."""
    for target in line.targets:
        if isinstance(target, ast.Tuple) and isinstance(line.value, ast.Tuple):
            yield from zip(target.elts, line.value.elts, strict=False)
        else:
            yield target, line.value


def _columns(node):
    """The columns of a[:, columns], as text; None of anything else."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.value, ast.Name):
        return None
    index = node.slice.elts[-1] if isinstance(node.slice, ast.Tuple) and node.slice.elts else node.slice
    return source(index) if isinstance(index, (ast.Slice, ast.Name)) else None


def _is_turned(node, taken):
    """Whether it joins the last columns and the first, in this order."""
    if not isinstance(node, ast.Call) or getattr(node.func, "attr", "") not in JOINING or not node.args:
        return False
    row = node.args[0].elts if isinstance(node.args[0], (ast.List, ast.Tuple)) else []
    slots = [taken.get(getattr(part, "id", "")) for part in row]
    return len(slots) == 2 and all(slots) and slots[0].endswith(":") and slots[1].startswith(":")
