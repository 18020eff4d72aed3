"""Ends: what a map answers at the very ends of its interval.

An interval is taken as open. A logit has no number at 0 and 1, and a map may refuse its ends in words: both are right.
An index outside of a table is neither. A search in the knots gives the last knot the bin after the last one, and
rounding puts points there. Points beside the ends do not show it.
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.check.domains import flat_ends
from nfscratch.check.finding import Finding, Symptom
from nfscratch.check.guarded import said
from nfscratch.check.judging import failing
from nfscratch.check.letters.joins import AT_EDGES
from nfscratch.check.trial import Trial


def indices_at_ends(trial: Trial) -> Finding | None:
    """E where a direction raises IndexError at an end of its interval; None where it does not."""
    for direction, name in (("forward", "z"), ("inverse", "x")):
        for row in _at_ends(trial, direction):
            try:
                trial.apply(direction, row, [0])
            except IndexError as error:
                words = f"{direction} raises {said(error)}"
                return failing("E", AT_EDGES, words, Symptom.RAISES, name, row, 0, raised_by=IndexError)
            except Exception:  # a refusal, or for another look
                continue
    return None


def _at_ends(trial: Trial, direction: str) -> list[Any]:
    """An ordinary row with all variables at their low ends, and one at their high ends, where they are finite."""
    ordinary = trial.input(direction)[:1]
    flat = ordinary.reshape(1, -1)
    ends = [end for end in flat_ends(trial.subject.ends(direction)) if onp.isfinite(end).any()]
    return [onp.where(onp.isfinite(end), end, flat).reshape(ordinary.shape).astype(flat.dtype) for end in ends]
