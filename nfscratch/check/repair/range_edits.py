"""RangeEdits: limits of indices that are moved by one, and values wrapped round as others are."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from nfscratch.check.repair.bins import limits_moved
from nfscratch.check.repair.candidates import Candidate, met_places, until_one_raises
from nfscratch.check.repair.live_code import LiveStatement, Reached
from nfscratch.check.repair.moduli import moduli, wrapped_line, wrapped_round


def limits_and_moduli(
    statements: list[LiveStatement], reached: Reached, moduli_too: bool = True
) -> Iterator[Candidate]:
    """What is tried, in all places."""
    met = met_places(statements, reached, False)
    known = moduli((place, scope) for _, place, scope in met) if moduli_too else []
    for statement, place, scope in met:
        wrapped = partial(wrapped_round, place, known), partial(wrapped_line, place.node, known)
        for look in (partial(limits_moved, place), *wrapped):
            for new in until_one_raises(look(scope)):
                yield statement, place, place.exchanged(new)
