"""Masks: whether a change is to a mask, which says who sees whom.

The right map may then depend on less than the wrong one did: elsewhere such a change is refused as a map switched off.
"""

from __future__ import annotations

import ast
import re

ENDED = "[:, :-1], ((0, 0), (1, 0))"  # as running.py writes it
COMPARED = re.compile("[<>]=?")
LEFT, RIGHT = re.compile(r"(\([^()]*\)|[\w.]+) \* "), re.compile(r" \* (\([^()]*\)|[\w.]+)")  # factors
WHERE = re.compile(r"where\((\w+), ")  # a condition


def is_of_masks(before: str, after: str) -> bool:
    """Whether a factor or a condition stands once more than before, or a comparison or a mask is turned round,
    or a running total ends before the column itself."""
    looks = (repeats_factor, repeats_condition, compares_otherwise, turns_mask, ends_before)
    return any(look(before, after) for look in looks)


def repeats_factor(before: str, after: str) -> bool:
    """Whether a factor stands once more than before: mask * t, beside mask * s; or t * mask, beside s * mask."""
    return any(
        after_now.count(factor) > found.count(factor)
        for found, after_now in ((side.findall(before), side.findall(after)) for side in (LEFT, RIGHT))
        for factor in found
    )


def repeats_condition(before: str, after: str) -> bool:
    """Whether a condition that stands there stands once more: where(mask, 0, t), beside where(mask, 0, s)."""
    held = WHERE.findall(before)
    return any(WHERE.findall(after).count(condition) > held.count(condition) for condition in held)


def turns_mask(before: str, after: str) -> bool:
    """Whether the two values of one np.where are exchanged, and nothing else is."""
    try:
        old, new = (ast.parse(text) for text in (before, after))
    except SyntaxError:  # the head of a loop
        return False
    calls = [n for n in ast.walk(new) if isinstance(n, ast.Call) and len(n.args) == 3]
    calls = [n for n in calls if getattr(n.func, "attr", "") == "where"]
    wanted = ast.dump(old)
    return any(_turned_is(new, call, wanted) for call in calls)


def _turned_is(tree, call, wanted):
    first, *rest = call.args
    call.args = [first, *rest[::-1]]
    same = ast.dump(tree) == wanted
    call.args = [first, *rest]
    return same


def ends_before(before: str, after: str) -> bool:
    """Whether a running total is moved on by one column, so that none sees itself."""
    return after.count(ENDED) > before.count(ENDED)


def compares_otherwise(before: str, after: str) -> bool:
    """Whether the change exchanges a comparison alone, as of a mask that both directions read."""
    return COMPARED.split(before) == COMPARED.split(after) and before != after
