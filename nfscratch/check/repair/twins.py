"""Twins: a mistake that stands in both directions, mended in both at once.

Where both directions take their log_det from one wrong formula, X holds and J fails in each: a change of one place
mends one direction, and the two disagree from then on. So the change is done wherever the same expression stands as
well, with the other function's argument for this one's: first where what is around it is the same, then everywhere,
then at the same turn of several like places: the second slope of two. Where it stands nowhere else, like_places.py
looks for an expression that stands in a like place.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace

from nfscratch.check.repair.edit import Edit, Place
from nfscratch.check.repair.like_places import changed_alike
from nfscratch.check.repair.live_code import LiveStatement
from nfscratch.check.repair.operands import argument_of
from nfscratch.check.repair.siblings import renamed

Met = list[tuple[LiveStatement, Place]]


def new_of(place: Place, edit: Edit) -> ast.AST | None:
    """The expression that an edit puts in the place of another; None where it does something else."""
    if not isinstance(place.node, ast.expr) or edit.node is not place.parent or edit.field != place.field:
        return None
    return edit.new if place.index is None else edit.new[place.index]


def with_twins(met: Met, place: Place, edit: Edit) -> Iterator[tuple[Edit, list[LiveStatement]]]:
    """The edit with the same in other places, and the statements in which these are."""
    new = new_of(place, edit)
    if new is None or edit.also or edit.of_lines:
        return
    twins = [(statement, twin) for statement, twin in met if twin.node is not place.node and _is_twin(place, twin)]
    alike = [(statement, twin) for statement, twin in twins if _same(place.parent, twin.parent, place, twin)]
    of_turn = _of_same_turn(met, place, alike)
    for chosen in _several(alike if len(alike) < len(twins) else [], twins, of_turn):
        yield from _together(place, edit, [(s, twin, twin.exchanged(_moved(new, place, twin))) for s, twin in chosen])
    others = [(s, twin) for s, twin in met if twin.function is not place.function]
    yield from _together(
        place, edit, [(s, twin, other) for s, twin in others for other in changed_alike(place, new, twin)]
    )


def _together(place, edit, also):
    """The edit with those of other places: (statement, place, edit) of each."""
    edits = {}
    for statement, twin, other in also:
        edits.setdefault((id(other.node), other.field), (statement, twin, other))
    edits.pop((id(edit.node), edit.field), None)  # a list of both is exchanged once
    if edits:
        lines = (place.line, *(twin.line for _, twin, _ in edits.values()))
        also = tuple(other for _, _, other in edits.values())
        yield replace(edit, also=also, lines=lines), [statement for statement, _, _ in edits.values()]


def _several(*choices):
    """Those that are not empty, each once."""
    return list({tuple(id(twin) for _, twin in chosen): chosen for chosen in choices if chosen}.values())


def _of_same_turn(met, place, alike):
    """Of each other function with as many like places as this one, the one at the same turn."""
    like = {id(twin.node) for _, twin in alike} | {id(place.node)}
    of: dict[int, list[tuple]] = {}
    for statement, twin in met:
        if id(twin.node) in like:
            of.setdefault(id(twin.function), []).append((statement, twin))
    own = of.pop(id(place.function), [])
    turn = next((k for k, (_, twin) in enumerate(own) if twin.node is place.node), None)
    return [] if turn is None else [row[turn] for row in of.values() if len(row) == len(own)]


def _is_twin(place, twin):
    return isinstance(twin.node, ast.expr) and _same(place.node, twin.node, place, twin)


def _same(a, b, place, twin):
    """Whether two expressions are the same, as they stand or but for the argument of their functions."""
    return type(a) is type(b) and ast.dump(b) in (ast.dump(a), ast.dump(_in_words_of(a, place, twin)))


def _in_words_of(node, place, twin):
    own, theirs = (argument_of(p.function) for p in (place, twin))
    return renamed(node, own, theirs) if own and theirs and own != theirs else node


def _moved(new, place, twin):
    """The new expression as it stands at the twin: a run may go through the lines alone that it met."""
    words = ast.dump(_in_words_of(place.node, place, twin))
    copy = deepcopy(_in_words_of(new, place, twin) if words == ast.dump(twin.node) else new)
    for node in ast.walk(copy):
        ast.copy_location(node, twin.node)
    return copy
