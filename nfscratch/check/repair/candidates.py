"""Candidates: the edits of one round, in all places that the run met.

    first     slips of the pen
    second    formulas remembered wrongly, and a name for another
    third     something missing
    fourth    another operand

In the first rounds an expression that stands several times in a function is also changed everywhere at once.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace

from nfscratch.check.repair.edit import Edit, Place, places, source
from nfscratch.check.repair.expressions import slips, thoughts
from nfscratch.check.repair.live_code import LiveStatement, Reached
from nfscratch.check.repair.names import other_names
from nfscratch.check.repair.scope import Scope
from nfscratch.check.repair.statements import changed_statements
from nfscratch.check.repair.terms import filled, inverted, joined, negated, replaced, wrapped

POOL = 40  # expressions of a function that may stand elsewhere in it
EVERYWHERE = 2  # the rounds that change an expression in all its places, too
ROUNDS = (
    (lambda place, scope: slips(place.node), lambda place, scope: negated(place)),
    (lambda place, scope: thoughts(place.node), other_names),
    (inverted, filled, joined, wrapped),
    (replaced,),
)
NOT_RUN = ("annotation", "returns", "decorator_list", "defaults", "kw_defaults", "bases", "type_params")
Candidate = tuple[LiveStatement, Place, Edit]


def candidates(statements: list[LiveStatement], reached: Reached, kinds: int) -> Iterator[Candidate]:
    """The edits of one round, in all places that the run met."""
    for statement in statements:
        scopes, alike = {}, defaultdict(list)
        met = [place for place in places(statement.tree) if _is_met(place, reached.lines[statement.file])]
        for place in met:
            alike[id(place.function), ast.dump(place.node)].append(place)
        for place in met:
            if place.function not in scopes:
                scopes[place.function] = Scope(place.function, statement, reached)
                scopes[place.function].pool = _pool(met, place.function, scopes[place.function])
            twins = alike[id(place.function), ast.dump(place.node)]
            for edit in _of_place(place, scopes[place.function], kinds):
                yield statement, place, edit
                if len(twins) > 1 and place is twins[0] and kinds < EVERYWHERE and isinstance(place.node, ast.expr):
                    yield from ((statement, place, everywhere) for everywhere in _in_all_places(edit, twins))


def _in_all_places(edit, twins):
    """The edit, done wherever the same expression stands in the function."""
    new = edit.new if twins[0].index is None else edit.new[twins[0].index]
    rest = tuple(twin.exchanged(new) for twin in twins[1:])
    if len({(id(e.node), e.field) for e in (edit, *rest)}) == len(twins):  # no list is exchanged twice
        yield replace(edit, also=rest, lines=tuple(twin.line for twin in twins))


def _pool(met, function, scope):
    """The expressions of a function that could stand elsewhere in it."""
    kinds = (ast.Name, ast.Subscript, ast.Attribute, ast.Call, ast.BinOp)
    found = {}
    for place in met:
        if place.function is function and isinstance(place.node, kinds) and _is_read(place.node):
            if not isinstance(place.parent, (ast.Attribute, ast.Call)) or place.field == "args":
                text = source(place.node)
                if len(text) <= 30:
                    found.setdefault(text, place.node)
    arrays = [k for k, v in scope.values.items() if getattr(v, "ndim", 0) and k not in found]
    found |= {k: ast.Name(k, ast.Load()) for k in arrays[: POOL // 2]}
    return [deepcopy(node) for node in found.values()][:POOL]  # a node may not stand within itself


def _is_met(place, lines):
    around = [*place.above, place.node]
    if place.function is None or isinstance(place.node, ast.arg) or place.field in NOT_RUN:
        return False
    if any(isinstance(n, (ast.arguments, ast.Assert, ast.Raise, ast.JoinedStr, ast.Import)) for n in around):
        return False
    here = next((n for n in reversed(around) if isinstance(n, (ast.expr, ast.stmt))), None)
    return here is not None and any(here.lineno <= line <= here.end_lineno for line in lines)


def _of_place(place, scope, kinds):
    if isinstance(place.node, ast.expr) and _is_read(place.node):
        for changes in ROUNDS[kinds]:
            yield from map(place.exchanged, changes(place, scope))
    if kinds == 0 and not isinstance(place.node, ast.expr):
        yield from changed_statements(place)


def _is_read(node):
    return isinstance(getattr(node, "ctx", ast.Load()), ast.Load) or isinstance(node, (ast.Tuple, ast.List))
