"""Flags: what one function that serves both directions does in one of them alone.

def spline(v, inverse=False):
    knots = ky if inverse else kx        where one of the two stands for both
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from nfscratch.check.repair.edit import Place
from nfscratch.check.repair.expressions import slips
from nfscratch.check.repair.names import other_names
from nfscratch.check.repair.scope import Scope
from nfscratch.check.repair.terms import negated

MOST = 2  # flags of one function


def under_flag(place: Place, scope: Scope) -> Iterator[ast.AST]:
    """A slip, a sign or another name, where a flag is set; or where it is not."""
    flags = _flags(scope)
    if not flags or (isinstance(place.node, ast.Name) and place.node.id in flags):
        return
    for flag in flags:
        for changes in (other_names(place, scope), slips(place.node), negated(place)):
            for new in changes:
                for there, else_ in ((new, place.node), (place.node, new)):
                    yield ast.IfExp(ast.Name(flag, ast.Load()), there, else_)


def _flags(scope):
    """The arguments of the function that are True or False, and by which it decides something."""
    arguments = getattr(getattr(scope.function, "args", None), "args", [])
    given = [a.arg for a in arguments if isinstance(scope.locals.get(a.arg), bool)]
    tests = [n.test for n in ast.walk(scope.function) if isinstance(n, (ast.If, ast.IfExp))] if given else []
    asked = {n.id for test in tests for n in ast.walk(test) if isinstance(n, ast.Name)}
    return [name for name in given if name in asked][:MOST]
