"""Relevant: the values in a user's code that have a share in what is wrong.

Each value that a statement assigns, returns or passes on is moved a little, and one direction run. Where log_det moves
and x does not, the formula of that value may be the wrong one: no other can mend log_det and keep x. Of a round trip it
is the other way round: a value that moves neither x nor z' has no share in it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from nfscratch.check.repair.edit import Place
from nfscratch.check.repair.live_code import LiveStatement
from nfscratch.check.repair.screen import Screen
from nfscratch.check.repair.screens import OfLogDet
from nfscratch.check.repair.terms import is_number, is_term


def values_of_log_det(met: Iterable[tuple[LiveStatement, Place]], screen: OfLogDet) -> set[int]:
    """The ids of their nodes; none where nothing is known."""
    return _values(met, screen.moves_log_det_alone, False)


def values_of_points(met: Iterable[tuple[LiveStatement, Place]], screen: Screen) -> set[int]:
    """The ids of the values that have a share in x or z'."""
    return _values(met, screen.moves_points, True)


def _values(met, moves, otherwise):
    found = set()
    for statement, place in met:
        if is_number(place.node) and (is_term(place) or _is_passed_on(place)):
            try:
                with place.exchanged(_moved(place.node)).done(), statement.edited():
                    moved = moves()
            except ValueError:  # the tree cannot stand there
                moved = otherwise
            found |= {id(place.node)} if moved else set()
    return found


def is_part(place: Place, values: set[int]) -> bool:
    """Whether a place is one of the values, or stands in one."""
    return any(id(node) in values for node in (place.node, *place.above))


def _is_passed_on(place):
    """log_dets.append(value)"""
    return place.field == "args" and len(place.above) > 1 and isinstance(place.above[-2], ast.Expr)


def _moved(node):
    return ast.BinOp(ast.BinOp(node, ast.Mult(), ast.Constant(1.0625)), ast.Add(), ast.Constant(0.015625))
