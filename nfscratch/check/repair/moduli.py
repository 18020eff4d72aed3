"""Moduli: what one line wraps round, another one lacks.

x = (z + off) % TWO    in forward, and `y - off` in inverse, where (y - off) % TWO is meant: an angle below 0
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from copy import deepcopy
from typing import Any

from nfscratch.check.repair.edit import Place, source
from nfscratch.check.repair.scope import Scope
from nfscratch.check.repair.terms import is_term

CALLS = ("mod", "remainder", "fmod")
MOST = 3  # moduli of one program


def moduli(met: Iterable[tuple[Place, Scope]]) -> list[ast.expr]:
    """What follows a % of numbers that may be angles: of each text once. (k + 1) % n of an index is none."""
    found = {}
    for place, scope in met:
        pair = _taken_apart(place.node)
        if pair is not None and not place.is_index and _is_of_numbers(scope.evaluated(pair[0])):
            found[source(pair[1])] = pair[1]
    return list(found.values())[:MOST]


def wrapped_round(place: Place, moduli: Iterable[ast.expr], scope: Scope) -> Iterator[ast.AST]:
    """A sum or a difference with each of them: a whole value, or what a call is given."""
    node = place.node
    shifted = isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub))
    whole = is_term(place) or place.field == "args"
    if not (shifted and whole) or _taken_apart(place.parent) is not None:
        return
    for modulus in _known(moduli, scope):
        yield ast.BinOp(deepcopy(node), ast.Mod(), deepcopy(modulus))


def wrapped_line(line: ast.AST, moduli: Iterable[ast.expr], scope: Scope) -> Iterator[ast.AST]:
    """y = (y - off) % TWO, for y -= off."""
    if not isinstance(line, ast.AugAssign) or not isinstance(line.op, (ast.Add, ast.Sub)):
        return
    before = deepcopy(line.target)
    before.ctx = ast.Load()
    shifted = ast.BinOp(before, line.op, deepcopy(line.value))
    for modulus in _known(moduli, scope):
        new = ast.Assign([deepcopy(line.target)], ast.BinOp(shifted, ast.Mod(), deepcopy(modulus)))
        yield ast.fix_missing_locations(ast.copy_location(new, line))


def _known(moduli, scope):
    return [m for m in moduli if all(scope.knows(n.id) for n in ast.walk(m) if isinstance(n, ast.Name))]


def _taken_apart(node: Any) -> tuple[ast.expr, ast.expr] | None:
    """(what is wrapped, the modulus) of a % b and np.mod(a, b)."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return node.left, node.right
    if isinstance(node, ast.Call) and len(node.args) == 2 and getattr(node.func, "attr", "") in CALLS:
        return node.args[0], node.args[1]
    return None


def _is_of_numbers(value):
    return getattr(value, "ndim", 0) > 0 and value.dtype.kind == "f"
