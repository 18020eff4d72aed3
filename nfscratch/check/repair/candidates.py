"""Candidates: the edits of one round, in all places that the run met.

An expression that stands several times in a statement is also changed everywhere in it at once, and in the first rounds
everywhere in its function.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from typing import TypeVar

from nfscratch.check.repair.columns_joined import Splits
from nfscratch.check.repair.edit import Edit, Place, is_endless, places
from nfscratch.check.repair.inserted import Lines as LinesElsewhere
from nfscratch.check.repair.lacking import Lacking
from nfscratch.check.repair.live_code import LiveStatement, Reached
from nfscratch.check.repair.moduli import wrapped_line
from nfscratch.check.repair.older import older_names
from nfscratch.check.repair.operands import operands
from nfscratch.check.repair.rounds import EVERYWHERE, LINES, NAMES, ROUNDS, SIBLINGS, SLIPS, STATEMENTS, WITH_POOL
from nfscratch.check.repair.scope import Scope
from nfscratch.check.repair.siblings import Siblings, factors_beside
from nfscratch.check.repair.squares import squares
from nfscratch.check.repair.terms import filled, is_term

NOT_RUN = ("annotation", "returns", "decorator_list", "defaults", "kw_defaults", "bases", "type_params")
Lines = dict[str, set[int]]  # of each file
T = TypeVar("T")
Candidate = tuple[LiveStatement, Place, Edit]


def candidates(
    statements: list[LiveStatement], reached: Reached, kinds: int,
    lines: Lines | None = None, shared: Lines | None = None, slow: bool = False,
) -> Iterator[Candidate]:  # fmt: skip
    """The edits of one round, in all places at the lines that the run met, or at `lines` of them.

    Those of `shared` come last: a mistake stands in a direction's own code more often than in what both use.
    slow: signs and comparisons come first, of which there are few: time may end before all is tried.
    """
    met = met_places(statements, reached, kinds >= WITH_POOL)
    if slow:
        met.sort(key=lambda found: not isinstance(found[1].node, (ast.Compare, ast.UnaryOp)))
    met.sort(key=lambda found: found[1].line in (shared or {}).get(found[0].file, ()))
    around = [(place, scope) for _, place, scope in met]
    siblings = Siblings(around) if kinds == SIBLINGS and around else None
    elsewhere = LinesElsewhere(around) if kinds == LINES and around else None
    lacking = Lacking(around) if kinds <= SIBLINGS else None
    splits = Splits(around) if kinds == SIBLINGS else None
    lines = reached.lines if lines is None else lines
    alike, within = defaultdict(list), defaultdict(list)
    for _, place, _ in met:
        alike[id(place.function), ast.dump(place.node)].append(place)
        within[id(place.statement), ast.dump(place.node)].append(place)
    for statement, place, scope in met:
        if _is_met(place, lines.get(statement.file, ())):
            together = within[id(place.statement), ast.dump(place.node)]
            everywhere = alike[id(place.function), ast.dump(place.node)] if kinds < EVERYWHERE else together
            for older, read in older_names(place, everywhere) if kinds == 0 else ():
                yield from ((statement, place, e) for e in _in_all_places(place.exchanged(older), place, read))
            for edit in edits_of(place, scope, kinds, siblings, lacking, splits):
                yield statement, place, edit
                if isinstance(place.node, ast.expr):
                    yield from ((statement, place, e) for e in _in_all_places(edit, place, everywhere))
                    if len(everywhere) > len(together):
                        yield from ((statement, place, e) for e in _in_all_places(edit, place, together))
                    if kinds == NAMES and isinstance(place.node, ast.Name) and place is not everywhere[0]:
                        rest = everywhere[everywhere.index(place) :]  # from a line on, another variable
                        yield from ((statement, place, e) for e in _in_all_places(edit, place, rest))
            if siblings is not None:
                lines_wrapped = wrapped_line(place.node, siblings.moduli, scope)
                yield from ((statement, place, place.exchanged(new)) for new in lines_wrapped)
            if elsewhere is not None:
                yield from ((statement, place, edit) for edit in elsewhere.around(place, scope))


def met_places(statements: list[LiveStatement], reached: Reached, with_pool: bool = False) -> list[tuple]:
    """(statement, place, scope) of all that the run met. with_pool: each scope knows the operands of its function."""
    found = []
    for statement in statements:
        met = [place for place in places(statement.tree) if _is_met(place, reached.lines[statement.file])]
        scopes = {f: Scope(f, statement, reached) for f in dict.fromkeys(place.function for place in met)}
        found += [(statement, place, scopes[place.function]) for place in met]
    if with_pool:
        everything = [place for _, place, _ in found]
        for scope in {id(scope): scope for _, _, scope in found}.values():
            scope.pool = operands(everything, scope.function, scope)
    return found


def unfolded(statements: list[LiveStatement], reached: Reached) -> Iterator[Candidate]:
    """What keeps a map from folding, in what a run computes anew: the square of a norm."""
    for statement, place, scope in met_places(statements, reached):
        if isinstance(place.node, ast.expr) and not place.is_index:
            for new in until_one_raises(squares(place, scope)):
                yield statement, place, place.exchanged(new)


def _in_all_places(edit, place, twins):
    """The edit, done wherever the same expression stands; of these places the first asks for it."""
    if len(twins) < 2 or place is not twins[0]:
        return
    new = edit.new if twins[0].index is None else edit.new[twins[0].index]
    if _is_no_one_thing(place.node, new, twins):
        return
    rest = tuple(twin.exchanged(deepcopy(new)) for twin in twins[1:])  # a twin may stand within what is new
    if len({(id(e.node), e.field) for e in (edit, *rest)}) == len(twins):  # no list is exchanged twice
        yield replace(edit, also=rest, lines=tuple(twin.line for twin in twins))


def _is_no_one_thing(node, new, twins):
    """Whether a number says in one place which elements, and in another how much; or a minus comes to a minus."""
    minus = isinstance(new, ast.UnaryOp) and isinstance(new.op, ast.USub)
    minus = minus or (isinstance(new, ast.Constant) and type(new.value) in (int, float) and new.value < 0)
    if minus and any(isinstance(twin.parent, ast.UnaryOp) for twin in twins):
        return True
    return isinstance(node, ast.Constant) and len({twin.is_index for twin in twins}) > 1


def _is_met(place, lines):
    around = [*place.above, place.node]
    if place.function is None or isinstance(place.node, ast.arg) or place.field in NOT_RUN:
        return False
    if any(isinstance(n, (ast.arguments, ast.Assert, ast.Raise, ast.JoinedStr, ast.Import)) for n in around):
        return False
    here = next((n for n in reversed(around) if isinstance(n, (ast.expr, ast.stmt))), None)
    return here is not None and any(here.lineno <= line <= here.end_lineno for line in lines)


def edits_of(
    place: Place, scope: Scope, kinds: int,
    siblings: Siblings | None = None, lacking: Lacking | None = None, splits: Splits | None = None,
) -> Iterator[Edit]:  # fmt: skip
    """The changes of one round that are tried at one place."""
    if isinstance(place.node, ast.expr) and _is_read(place.node) and not (is_endless(place.node) or _is_turn(place)):
        if siblings is not None:
            yield from map(place.exchanged, siblings.of(place, scope))
            yield from map(place.exchanged, factors_beside(place))
        if splits is not None:
            yield from map(place.exchanged, splits.put_back(place, scope))
        if lacking is not None and is_term(place) == (kinds == 0):  # whole terms first: of them there are few
            yield from map(place.exchanged, lacking.beside(place, scope))
        looks = (
            ROUNDS[kinds] if kinds < SLIPS or not place.is_index else [look for look in ROUNDS[kinds] if look is filled]
        )
        for changes in looks:
            yield from map(place.exchanged, until_one_raises(changes(place, scope)))
    if kinds in STATEMENTS and not isinstance(place.node, ast.expr):
        yield from STATEMENTS[kinds](place)


def _is_turn(place):
    """Whether it is what a loop gives its values to: (j, i) for (i, j) says elsewhere what is wrong within."""
    return isinstance(place.statement, ast.For) and isinstance(getattr(place.node, "ctx", None), ast.Store)


def _is_read(node):
    return isinstance(getattr(node, "ctx", ast.Load()), ast.Load) or isinstance(node, (ast.Tuple, ast.List))


def until_one_raises(candidates: Iterator[T]) -> Iterator[T]:
    """An edit of unforeseen code may raise where it is made: that costs what comes after it, not the search."""
    made = iter(candidates)
    while True:
        try:
            candidate = next(made)
        except (StopIteration, ArithmeticError, LookupError, TypeError, ValueError, AttributeError, RecursionError):
            return
        yield candidate
