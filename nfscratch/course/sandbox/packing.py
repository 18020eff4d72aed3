"""Packing: the arguments of many calls as one message, each different one once; functions get numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nfscratch.course.sandbox import wire


def packed(calls: Sequence[tuple], function: Callable[[Any], int]) -> tuple[list, list[list[int]]]:
    """The different arguments, packed once, and for each call the places of its own."""
    values, places, seen = [], [], {}
    for arguments in calls:
        for a in arguments:
            if id(a) not in seen:
                seen[id(a)] = len(values)
                values.append(wire.pack(a, function))
        places.append([seen[id(a)] for a in arguments])
    return values, places


def numbering(given: list[Callable]) -> Callable[[Any], int]:
    """function(f) -> its place in `given`, where it is put when it is new."""

    def number(f):
        if not any(f is other for other in given):
            given.append(f)
        return next(k for k, other in enumerate(given) if f is other)

    return number
