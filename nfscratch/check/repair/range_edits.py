"""RangeEdits: limits of indices that are moved by one, and values wrapped round as others are."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from nfscratch.check.repair.bins import limits_moved
from nfscratch.check.repair.candidates import Candidate, met_places, until_one_raises
from nfscratch.check.repair.edit import source
from nfscratch.check.repair.live_code import LiveStatement, Reached
from nfscratch.check.repair.moduli import moduli, wrapped_line, wrapped_round
from nfscratch.check.repair.twins import new_of


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


class LimitsOfBoth:
    """One limit that several functions say, moved in each: one alone makes the two directions disagree."""

    def __init__(self, before: str, candidates: list[Candidate]):
        self.before, self.candidates = before, candidates
        self.after = list(dict.fromkeys(_exchanged(place, edit)[2] for _, place, edit in candidates))
        self.lines = sorted({place.line for _, place, _ in candidates})

    @contextmanager
    def edited(self) -> Iterator[None]:
        with ExitStack() as done:
            for _, _, edit in self.candidates:
                done.enter_context(edit.done())
            for statement in {id(s): s for s, _, _ in self.candidates}.values():
                done.enter_context(statement.edited())
            yield

    @property
    def change(self) -> str:
        limits = " and ".join(f"`{limit}`" for limit in self.after)
        return f"with the limit{'s' * (len(self.after) > 1)} {limits} in place of `{self.before}`"


def limits_of_both(statements: list[LiveStatement], reached: Reached) -> list[LimitsOfBoth]:
    found: dict[tuple[int, str], dict[int, Candidate]] = {}
    for statement, place, edit in limits_and_moduli(statements, reached, moduli_too=False):
        if isinstance(place.node, ast.Call):
            which, before, _ = _exchanged(place, edit)
            found.setdefault((which, before), {}).setdefault(id(place.node), (statement, place, edit))
    rows = [(before, list(of.values())) for (_, before), of in found.items()]
    return [LimitsOfBoth(*each) for each in rows if len({id(place.function) for _, place, _ in each[1]}) > 1]


def _exchanged(place, edit):
    """(which argument, its source before, and after)"""
    pairs = zip(place.node.args, new_of(place, edit).args, strict=True)
    of = [(source(old), source(new)) for old, new in pairs]
    return next((k, old, new) for k, (old, new) in enumerate(of) if old != new)
