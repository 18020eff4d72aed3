"""Task 1.7, read_the_convention(f, v): four planted maps, one for each sentence."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.question import Question, expect

APPLIED = "the log-det of the map that it applied"
INVERSE = "the log-det of the inverse of the map that it applied"
OTHER = "something else: a mistake, or a part of the log-det"
UNDECIDED = "undecided: the log-det is 0 here, and 0 is minus 0; take another point"
TELLING = 26  # characters that tell the sentences apart


def four_maps(asked, rng):
    """four planted maps that stretch or shrink, one for each sentence"""
    v, scales = rng.uniform(0.3, 1, size=3), rng.uniform(1.5, 3, size=3)
    l = float(onp.log(scales).sum())
    planted = [(scales, l, APPLIED), (scales, -l, INVERSE), (scales, l / 3, OTHER), (onp.ones(3), 0.0, UNDECIDED)]
    planted += [(1 / scales, -l, APPLIED), (1 / scales, l, INVERSE), (onp.ones(3), 1.0, UNDECIDED)]
    return expect(asked, *[_of(v, *case) for case in planted])


def _of(v, scales, reported, sentence):
    def f(a):
        return scales * onp.asarray(a) + 0.2, reported

    shown = {"v": v, "the true log-det": float(onp.log(scales).sum()), "the reported one": reported}
    return Question((f, v), {"the sentence": sentence}, shown, read=_read)


def _read(value):
    """The sentence that a student's begins like."""
    words = " ".join(value.lower().split()) if isinstance(value, str) else ""
    known = (sentence for sentence in (APPLIED, INVERSE, OTHER, UNDECIDED) if words.startswith(sentence[:TELLING]))
    return next(known, value)
