"""Notes: what a report says beside its letters, so that "no mistake found" claims no more than was looked at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as onp

from nfscratch.check.letters.out_of_reach import words_of_far_out
from nfscratch.check.letters.shapes import density_is_wide
from nfscratch.check.letters.small_batches import is_list_of_no_rows, loses_width
from nfscratch.check.rows import flat, largest
from nfscratch.check.trial import OTHER, Trial

NEAR = 3.0
COARSE = 1e-3  # an error in z that a plot shows


def notes_of(trial: Trial, letters: str, left_out: Sequence[str], time: str) -> list[str]:
    """Of what the limit of time has left out; of what a stated accuracy hides, and of what E excuses.

    trial: one that these letters have looked at. time: what was used up.
    """
    if left_out:
        return [f"left out, all or in part: {', '.join(dict.fromkeys(left_out))}; {time}"]
    looks = [look for letter, look in LOOKS if letter in letters]
    return [note for look in looks for note in _tried(look, trial)]


def _tried(look, trial):
    try:
        return look(trial) if trial.subject.bijection is None else []
    except Exception:  # of any kind: the letters say it
        return []


def _of_no_rows(trial):
    losing = [direction for direction in OTHER if _loses_width(trial, direction)]
    needs = "a reshape with -1, a list, np.vectorize or a max needs a row"
    return [f"a batch of no rows fails in {' and '.join(losing)}: {needs}"] if losing else []


def _loses_width(trial, direction):
    try:
        y, log_det = getattr(trial.subject, direction)(trial.input(direction)[:0].copy())
    except Exception as error:  # of any kind
        return loses_width(error)
    return is_list_of_no_rows(y, log_det)


def _of_accuracy(trial):
    s = trial.subject
    near = trial.usable & (largest(trial.z) <= NEAR) & onp.isfinite(trial.allowed)
    if s.accuracy <= s.eps or not near.any():
        return []
    hidden = trial.allowed[near].max()
    size = onp.maximum(1.0, largest(trial.z))
    came = (largest(flat(trial.back[0]) - flat(trial.z)) / size)[near].max()
    if came > s.accuracy:
        return [f"near 0 the round trip is off by {came:.1g}: by more than accuracy={s.accuracy:g} says"]
    if hidden < COARSE:
        return []
    return [f"accuracy={s.accuracy:g} hides errors up to {hidden:.1g} in z near 0; the largest there is {came:.1g}"]


def _of_density(trial):
    return ["log_prob gives float64 where the map computes in float32"] if density_is_wide(trial) else []


LOOKS = (("S", _of_density), ("R", _of_accuracy), ("E", _of_no_rows), ("E", words_of_far_out))
