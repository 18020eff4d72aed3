"""Candidates: the edits of one round, in all places that the run met.

    first     slips of the pen
    second    what stands in a like place elsewhere
    third     formulas remembered wrongly; a name for another; a part at another place; a line that is missing, and
              stands elsewhere
    fourth    a factor, a function or a matrix is missing, or a variable stands for the formula
    fifth     a term is missing
    sixth     another operand

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

from nfscratch.check.repair.branch_terms import of_one_branch
from nfscratch.check.repair.conditions import chosen
from nfscratch.check.repair.edit import Edit, Place, is_endless, places
from nfscratch.check.repair.expressions import slips, thoughts
from nfscratch.check.repair.flags import under_flag
from nfscratch.check.repair.forms import inner_factors
from nfscratch.check.repair.inserted import Lines as LinesElsewhere
from nfscratch.check.repair.lacking import Lacking
from nfscratch.check.repair.live_code import LiveStatement, Reached
from nfscratch.check.repair.matrices import inverted
from nfscratch.check.repair.moduli import wrapped_line
from nfscratch.check.repair.moved import moved
from nfscratch.check.repair.names import indexed, local_arrays, other_names, other_tables, overwritten, woven
from nfscratch.check.repair.operands import operands
from nfscratch.check.repair.orders import in_order, loop_orders, of_moved_columns, slices_of_orders, undone
from nfscratch.check.repair.running import ended_before
from nfscratch.check.repair.scope import Scope
from nfscratch.check.repair.siblings import Siblings, factors_beside
from nfscratch.check.repair.statements import changed_statements, moved_further
from nfscratch.check.repair.terms import (
    constrained,
    counted,
    filled,
    is_term,
    joined,
    logarithms_joined,
    negated,
    of_tanh,
    rarely_wrapped,
    replaced,
    slopes,
    straight,
    wrapped,
)
from nfscratch.check.repair.turns import averaged

EVERYWHERE = 3  # the rounds that change an expression in all its places in a function, too
WITH_POOL = 3  # the rounds from this on take operands from elsewhere
SLIPS = 3  # the first rounds; after them, an index is only filled in
NAMES = 2  # the round that exchanges names
SIBLINGS = 1  # the round that looks at like places
LINES = 2  # the round that puts in lines: another name in a line does the same with less
WITHOUT_POOL = (0, 2, 3, 5)  # the rounds that make something of one expression alone
ROUNDS = (
    (
        lambda place, scope: slips(place.node),
        lambda place, scope: negated(place),
        undone,
        overwritten,
        loop_orders,
        averaged,
        straight,
        lambda place, scope: of_tanh(place),
    ),
    (),
    (
        lambda place, scope: thoughts(place.node),
        other_names,
        other_tables,
        woven,
        slices_of_orders,
        lambda place, scope: moved(place.node),
        indexed,
        in_order,
        inverted,
        constrained,
        counted,
        ended_before,
        of_one_branch,
        under_flag,
    ),
    (inner_factors, of_moved_columns, chosen, wrapped, local_arrays, slopes),
    (filled, joined),
    (rarely_wrapped, replaced, logarithms_joined),
)
STATEMENTS = {0: changed_statements, SIBLINGS: moved_further}  # what is done to statements, by the round
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
    lines = reached.lines if lines is None else lines
    alike, within = defaultdict(list), defaultdict(list)
    for _, place, _ in met:
        alike[id(place.function), ast.dump(place.node)].append(place)
        within[id(place.statement), ast.dump(place.node)].append(place)
    for statement, place, scope in met:
        if _is_met(place, lines.get(statement.file, ())):
            together = within[id(place.statement), ast.dump(place.node)]
            everywhere = alike[id(place.function), ast.dump(place.node)] if kinds < EVERYWHERE else together
            for edit in edits_of(place, scope, kinds, siblings, lacking):
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


def met_places(statements: list[LiveStatement], reached: Reached, with_pool: bool) -> list[tuple]:
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


def _in_all_places(edit, place, twins):
    """The edit, done wherever the same expression stands; of these places the first asks for it."""
    if len(twins) < 2 or place is not twins[0]:
        return
    new = edit.new if twins[0].index is None else edit.new[twins[0].index]
    rest = tuple(twin.exchanged(deepcopy(new)) for twin in twins[1:])  # a twin may stand within what is new
    if len({(id(e.node), e.field) for e in (edit, *rest)}) == len(twins):  # no list is exchanged twice
        yield replace(edit, also=rest, lines=tuple(twin.line for twin in twins))


def _is_met(place, lines):
    around = [*place.above, place.node]
    if place.function is None or isinstance(place.node, ast.arg) or place.field in NOT_RUN:
        return False
    if any(isinstance(n, (ast.arguments, ast.Assert, ast.Raise, ast.JoinedStr, ast.Import)) for n in around):
        return False
    here = next((n for n in reversed(around) if isinstance(n, (ast.expr, ast.stmt))), None)
    return here is not None and any(here.lineno <= line <= here.end_lineno for line in lines)


def edits_of(
    place: Place, scope: Scope, kinds: int, siblings: Siblings | None = None, lacking: Lacking | None = None
) -> Iterator[Edit]:
    """The changes of one round that are tried at one place."""
    if isinstance(place.node, ast.expr) and _is_read(place.node) and not (is_endless(place.node) or _is_turn(place)):
        if siblings is not None:
            yield from map(place.exchanged, siblings.of(place, scope))
            yield from map(place.exchanged, factors_beside(place))
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
