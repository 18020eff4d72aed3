"""Stretches: the lines of a run between two of its states, in words.

Where all that happens there is one call, which is given the whole state, they are the lines within that call: a loop
over the layers, or a method that hands on to another, is the same for all layers. A network is given a part of the
state: it is no such call.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as onp

from nfscratch.check.diagnosis.recorded import Record

FEW = 2  # lines that may do nothing but call


def stretch(record: Record, first: int, last: int, state: Any) -> str:
    """The lines between two orders. state: the one at the first of them."""
    lines = record.lines[max(first, 0) : last]
    if not lines:
        return "no line"
    depth = min(line[0] for line in lines)
    here = [line for line in lines if line[0] == depth]
    while _only_calls(record, here) and (inner := _call_with(record, lines, here[0][0], state)):
        here = inner
    numbers, file = sorted({line[2] for line in here}), Path(here[0][1]).name
    low, high = numbers[0], numbers[-1]
    return f"lines {low} to {high} of {file}" if high > low else f"line {low} of {file}"


def _only_calls(record, here):
    """Whether they are few, or those of a loop, to which the run comes again for the next layer."""
    times = Counter(line[1:3] for line in record.lines)
    return len({line[1:3] for line in here}) <= FEW or any(times[line[1:3]] > 1 for line in here)


def _call_with(record, lines, above, state):
    """The lines of the one call deeper than `above` that is given the state; none where several are, or none is."""
    given = {life.frame for life in record.lives if onp.array_equal(life.value, state)}
    for depth in sorted({line[0] for line in lines if line[0] > above}):
        found = {line[3] for line in lines if line[0] == depth} & given
        if found:
            return [line for line in lines if line[3] in found] if len(found) == 1 else []
    return []
