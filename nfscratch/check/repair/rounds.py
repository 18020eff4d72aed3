"""Rounds: which changes are tried when, the likeliest first.

first     slips of the pen
second    what stands in a like place elsewhere
third     formulas remembered wrongly; a name for another; a part at another place; a line that is missing, and
          stands elsewhere
fourth    a factor, a function or a matrix is missing, or a variable stands for the formula
fifth     a term is missing
sixth     another operand
"""

from __future__ import annotations

from nfscratch.check.repair.backwards import backwards
from nfscratch.check.repair.branch_terms import of_one_branch
from nfscratch.check.repair.columns_joined import other_rows
from nfscratch.check.repair.conditions import chosen
from nfscratch.check.repair.degrees import of_degree
from nfscratch.check.repair.expressions import slips, thoughts
from nfscratch.check.repair.flags import under_flag
from nfscratch.check.repair.forms import inner_factors
from nfscratch.check.repair.frequencies import counted_twice
from nfscratch.check.repair.matrices import inverted
from nfscratch.check.repair.moved import moved
from nfscratch.check.repair.names import indexed, local_arrays, other_names, other_tables, overwritten, woven
from nfscratch.check.repair.orders import in_order, loop_orders, of_moved_columns, slices_of_orders, undone
from nfscratch.check.repair.planar import kept_above
from nfscratch.check.repair.running import ended_before
from nfscratch.check.repair.squares import of_squares
from nfscratch.check.repair.statements import changed_statements, moved_further
from nfscratch.check.repair.terms import (
    constrained,
    counted,
    filled,
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
        backwards,
        overwritten,
        loop_orders,
        averaged,
        straight,
        lambda place, scope: of_tanh(place),
    ),
    (other_rows,),
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
        counted_twice,
        of_degree,
        kept_above,
        of_squares,
    ),
    (inner_factors, of_moved_columns, chosen, wrapped, local_arrays, slopes),
    (filled, joined),
    (rarely_wrapped, replaced, logarithms_joined),
)
STATEMENTS = {0: changed_statements, SIBLINGS: moved_further}  # what is done to statements, by the round
