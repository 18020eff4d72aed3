"""StopsEarly: how close a user's search or iteration comes, where nobody has said it.

An inverse that halves a bracket 38 times, or repeats z <- x - g(z) 14 times, is right to 1e-7 and not to the last
digits. That is no mistake, and `accuracy` is the word for it. Where a line of the functions runs a dozen times for one
point, or a few times in a loop that asks how close it is, and the round trip is off by no more than 1e-6, the audit
goes on as if this accuracy had been given, and a note says so. Formulas have no reason to be off.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as onp

from nfscratch.check.letters.out_of_reach import DRAWN
from nfscratch.check.letters.round_trip import check_round_trip
from nfscratch.check.pairs import is_single
from nfscratch.check.repair.live_code import TooLong, within
from nfscratch.check.rows import flat, largest
from nfscratch.check.search_loops import ends_when_close
from nfscratch.check.subject import Subject
from nfscratch.check.trial import Trial

MOST = 1e-6  # of max(1, |z|): what is off by more is wrong
MOST_LINES = 100_000
TURNS = 12  # of a line, for one point: more than columns, layers or parts of a formula ask for
TURNS_OF_SEARCH = 2  # of a line in a loop that ends when it is close enough: Newton's method takes few


def with_its_accuracy(subject: Subject, z: Any) -> Subject | None:
    """The subject with the accuracy that its loops reach at z (N, *event), where rounding alone does not explain it.

    None where the round trip holds as it is, or fails with that accuracy too.
    """
    if subject.accuracy or subject.dtype != onp.float64:
        return None
    try:
        trial = Trial(subject, z)
        came = _came(trial)
        if not subject.eps < came <= MOST or is_single(trial.x) or not check_round_trip(trial, room=False).failed:
            return None
        loose = _with(subject, came)
        return loose if not check_round_trip(Trial(loose, z), room=False).failed and _loops(subject, z) else None
    except Exception:  # of any kind: for the checks to say
        return None


def _came(trial):
    """The largest error of the round trip where draws come, relative to max(1, |z|)."""
    size = largest(trial.z)
    near = trial.usable & (size <= DRAWN)
    error = largest(flat(trial.back[0]) - flat(trial.z)) / onp.maximum(1.0, size)
    return float(onp.max(error[near], initial=0.0))


def _with(subject, accuracy):
    pairs = tuple(replace(pair, accuracy=accuracy) for pair in subject.pairs)
    return replace(subject, accuracy=accuracy, pairs=pairs)


def _loops(subject, z):
    """Whether a line of the user's runs again and again on the way of one point to x and back."""
    turns: Counter = Counter()
    frames = {}

    def count(frame):
        turns[frame.f_code, frame.f_lineno] += 1
        frames[frame.f_code] = frame
        return True

    with suppress(TooLong):
        within(lambda: subject.inverse(subject.forward(z[:1].copy())[0]), MOST_LINES, met=count)
    lines = ((n, frames[code], line) for (code, line), n in turns.items())
    return any(n >= TURNS or (n >= TURNS_OF_SEARCH and ends_when_close(frame, line)) for n, frame, line in lines)


def words_of(accuracy: float) -> str:
    """What the report says of it."""
    off = f"the round trip is off by {accuracy:.1g} where draws come"
    return f"{off}, as when a loop stops early; audited with this accuracy"
