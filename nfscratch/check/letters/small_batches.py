"""Batches: a batch of no rows and one of a single row are taken, and give as many results.

What ends an honest function at no rows is excused, and told in a note: a reshape with -1, a list of rows, np.vectorize,
or the largest of no numbers where a search stops at it or a condition asks for it.
"""

from __future__ import annotations

from functools import partial
from traceback import walk_tb
from typing import Any

import numpy as onp

from nfscratch.check.finding import Finding, Symptom
from nfscratch.check.guarded import message_of, origin_of, said
from nfscratch.check.judging import failing, first_failure
from nfscratch.check.letters.joins import AT_EDGES, SOUND
from nfscratch.check.search_loops import ends_by_itself, is_asked
from nfscratch.check.trial import OTHER, Trial

# What NumPy says of no rows: a reshape with -1 finds no width, a stack has no parts, vectorize sees no kind of result.
NO_WIDTH = ("cannot reshape array of size 0", "cannot reshape tensor of 0 elements", "need at least one array to",
            "cannot call `vectorize` on size 0 inputs")  # fmt: skip
NO_LARGEST = "zero-size array to reduction operation"
_fails = partial(failing, "E", AT_EDGES)


def check_batches(trial: Trial) -> Finding:
    """E, for batches of no row and of one, in both directions."""
    looks = [partial(_batch, trial, n, direction) for n in (0, 1) for direction in ("forward", "inverse")]
    return first_failure(looks, SOUND)


def _batch(trial, n, direction):
    """A batch of n rows: the direction takes it, and gives as many."""
    s, a = trial.subject, trial.input(direction)[:n]
    try:
        with onp.errstate(all="ignore"):
            y, log_det = getattr(s, direction)(a.copy())
    except Exception as error:  # the subject's own: any kind
        if n == 0 and s.bijection is None and loses_width(error):
            return None
        words = f"{direction} of a batch of {n} raises {said(error)}"
        return _fails(words, Symptom.BATCH_RAISES, "z", trial.z[:n], 0, size=n)
    if onp.shape(y) == (n, *s.shape(OTHER[direction])) and onp.shape(log_det) == (n,):
        return None
    if n == 0 and s.bijection is None and is_list_of_no_rows(y, log_det):
        return None
    words = f"{direction} of a batch of {n} gives shapes {onp.shape(y)} and {onp.shape(log_det)}"
    return _fails(words, Symptom.BATCH_SHAPE, "z", trial.z[:n], 0)


def loses_width(error: Exception) -> bool:
    """Whether an empty batch ended in a reshape with -1, a list of rows, np.vectorize, or in the largest of no numbers,
    at which a search stops or which a condition asks for. A note says so."""
    if message_of(error).startswith(NO_LARGEST):
        lines = [(frame.f_code, line) for frame, line in walk_tb(origin_of(error).__traceback__)]
        return any(ends_by_itself(*line) or is_asked(*line) for line in lines)
    return message_of(error).startswith(NO_WIDTH)


def is_list_of_no_rows(y: Any, log_det: Any) -> bool:
    """Whether it came back as np.array([]), as from a loop over rows. It is excused, too."""
    return onp.shape(y) == onp.shape(log_det) == (0,)
