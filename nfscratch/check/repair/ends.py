"""Ends: the points where tables end and boxes have their sides, which an edited function has to answer, too.

A limit of an index that is taken away mends a round trip at every point but the last knot, where it raises. So the ends
of the domain and of the codomain, and whole numbers inside, are asked: what answered there before any edit answers
after it. What it answers is for the laws. Of two directions that disagree, the one that reaches its codomain is right.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as onp

from nfscratch.check.domains import flat_ends
from nfscratch.check.letters.onto import check_onto
from nfscratch.check.repair.live_code import TooLong, within
from nfscratch.check.rows import flat
from nfscratch.check.subject import Subject
from nfscratch.check.trial import Trial

WHOLE = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
MOST, MOST_OF_LETTER = 200_000, 2_000_000  # lines of one call, and of all calls of O

Met = Callable[[Any], bool]


class Ends:
    """Of the functions as they are when it is made."""

    def __init__(self, subject: Subject, met: Met):
        self.subject, self.met = subject, met
        rows = {d: _points(subject, d) for d in ("forward", "inverse")} if subject.given is None else {}
        answered = {d: [row for row in many if not self._raises(d, row)] for d, many in rows.items()}
        batches = {d: onp.concatenate(many) for d, many in answered.items() if many}
        self.batches = {d: batch for d, batch in batches.items() if not self._raises(d, batch)}

    def are_answered(self) -> bool:
        """Whether the functions, as they are now, raise nowhere there."""
        return not any(self._raises(d, batch) for d, batch in self.batches.items())

    def _raises(self, direction, a):
        try:
            with onp.errstate(all="ignore"):
                within(lambda: getattr(self.subject, direction)(a.copy()), MOST, self.met)
        except TooLong:  # it goes where no other run went: nothing is known
            return False
        except (Exception, SystemExit):  # of any kind: the functions' own
            return True
        return False


def misses_codomain(trial: Trial, met: Met) -> bool:
    """Whether forward does not reach all of its codomain, or leaves it, as the functions are now."""
    try:
        asked, rng = Trial(trial.subject, trial.z, trial.twin, trial.limit), onp.random.default_rng(0)
        return within(lambda: check_onto(asked, rng), MOST_OF_LETTER, met)[0].failed
    except (Exception, SystemExit, TooLong):  # of any kind: the functions' own
        return True


def leaves_codomain(trial: Trial) -> bool:
    """Whether some x of these points is beyond an end of the declared codomain."""
    low, high = (onp.asarray(end) for end in flat_ends(trial.subject.codomain))
    room = 1e-5 * onp.maximum(1.0, onp.abs(onp.where(onp.isfinite(high - low), high - low, 1.0)))
    return bool(((flat(trial.x) < low - room) | (flat(trial.x) > high + room)).any())


def _points(subject, direction):
    """Rows (1, *event) of one number each."""
    shape, ends = (1, *subject.shape(direction)), subject.ends(direction)
    if any(map(onp.ndim, ends)):  # each variable at its own end
        return [onp.clip(onp.full(shape, v), *ends).astype(subject.dtype) for k in WHOLE for v in (k, -k)]
    low, high = ends
    numbers = [low, high, *(v for k in WHOLE for v in (k, -k) if low < v < high)]
    return [onp.full(shape, v, dtype=subject.dtype) for v in dict.fromkeys(numbers) if onp.isfinite(v)]
