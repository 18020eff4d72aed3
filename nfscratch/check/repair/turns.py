"""Turns: what a loop has added up, over the number of its turns: a mean for a sum.

for e in PROBES:                  total / len(PROBES)
    total = total + f(e)
for k in range(K): total += f(k)  total / K
sum(f(e) for e in PROBES)         sum(f(e) for e in PROBES) / len(PROBES)
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from nfscratch.check.repair.edit import Place, placed
from nfscratch.check.repair.scope import Scope

SAME_TURNS = ("enumerate", "zip", "reversed", "list", "sorted")


def averaged(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """The mean over a loop, for the sum that a variable holds after it."""
    node = place.node
    yield from _mean_of_comprehension(node)
    if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load) or scope.function is None:
        return
    for loop in [n for n in ast.walk(scope.function) if isinstance(n, ast.For) and not n.orelse]:
        if not any(n is node for n in ast.walk(loop)) and node.lineno > loop.lineno and _adds_up(loop, node.id):
            yield ast.BinOp(ast.Name(node.id, ast.Load()), ast.Div(), placed(_turns(loop.iter), node))


def _mean_of_comprehension(node):
    """Of sum(f(e) for e in row), by whatever sum: the same over the number of turns."""
    named = getattr(getattr(node, "func", None), "id", getattr(getattr(node, "func", None), "attr", ""))
    row = node.args[0] if isinstance(node, ast.Call) and named == "sum" and node.args else None
    if isinstance(row, (ast.GeneratorExp, ast.ListComp)) and len(row.generators) == 1 and not row.generators[0].ifs:
        yield ast.BinOp(node, ast.Div(), placed(_turns(row.generators[0].iter), node))


def _adds_up(loop, name):
    """Whether each turn adds something to the variable."""
    for n in ast.walk(loop):
        if isinstance(n, ast.AugAssign) and isinstance(n.op, ast.Add) and getattr(n.target, "id", "") == name:
            return True
        if isinstance(n, ast.Assign) and isinstance(n.value, ast.BinOp) and isinstance(n.value.op, ast.Add):
            if name in {getattr(t, "id", "") for t in n.targets} & {getattr(n.value.left, "id", "")}:
                return True
    return False


def _turns(row):
    """How often a loop turns, as a person would write it."""
    name = getattr(getattr(row, "func", None), "id", "")
    if name == "range" and len(row.args) == 1:
        return row.args[0]
    if name in SAME_TURNS and row.args:
        return _turns(row.args[0])
    return ast.Call(ast.Name("len", ast.Load()), [row], [])
