"""Refusal: whether a function raises a ValueError where it has no answer, rather than give a wrong one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nfscratch.course.judging.asked import Asked
from nfscratch.course.judging.fault import Fault, Kind, Stopped
from nfscratch.course.judging.shown import shown


def refuses(
    asked: Asked,
    arguments: Sequence[Any],
    where: str,
    hint: str = "",
    unless: Callable[[Any], bool] | None = None,
    more: Callable[[Any], bool] | None = None,
) -> Fault | None:
    """None if these arguments are refused by a ValueError. where: what is wrong with them, for the message.

    unless: whether an answer is right all the same, for a task that other methods may solve. more: whether an answer is
    one that takes more steps than `steps` allows.
    """
    try:
        value = asked(*arguments)
    except Stopped as stop:
        if stop.fault.kind is Kind.RAISED and "ValueError" in stop.fault.name:
            return None
        raise
    if unless is not None and unless(value):
        return None
    lines = (f"      {where}", f"      yours {shown(value)}   should be a ValueError")
    if more is not None and more(value):
        return Fault("it takes more steps than `steps`", lines, "How many times does your loop run?")
    return Fault("it gives an answer where there is none", lines, hint)
