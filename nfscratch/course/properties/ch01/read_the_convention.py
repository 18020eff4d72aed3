"""Task 1.7, read_the_convention(f, v): planted maps for each sentence, among them one that flips an axis."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.question import Question, expect, slip

APPLIED = "the log-det of the map that it applied"
INVERSE = "the log-det of the inverse of the map that it applied"
OTHER = "something else: a mistake, or a part of the log-det"
UNDECIDED = "undecided: the log-det is 0 here, and 0 is minus 0; take another point"
TELLING = 26  # characters that tell the sentences apart
EXCHANGED = {APPLIED: INVERSE, INVERSE: APPLIED}
ZERO = "Which two sentences agree with the number 0?"
SIGNS = "What tells a map from its inverse?"
NEITHER = "What if the two numbers agree neither with a plus nor with a minus?"
NEAR = "How far apart may two numbers be that agree? And which number is too near 0 to have a sign?"


def four_maps(asked, rng):
    """planted maps that stretch, shrink or flip an axis, for each sentence; some are only 0.01 off"""
    v, scales = rng.uniform(0.3, 1, size=3), rng.uniform(1.5, 3, size=3)
    l, flipped = float(onp.log(scales).sum()), scales * [-1, 1, 1]
    planted = [(scales, l), (scales, -l), (scales, l / 3), (onp.ones(3), 0.0)]
    planted += [(1 / scales, -l), (1 / scales, l), (onp.ones(3), 1.0), (flipped, l), (flipped, -l)]
    planted += [(1 / scales, -l / 3), (scales, l + 0.01), (scales, 0.01 - l), (onp.exp(onp.full(3, 0.01)), 0.03)]
    return expect(asked, *[_of(v, *case) for case in planted])


def _of(v, scales, reported):
    def f(a):
        return scales * onp.asarray(a) + 0.2, reported

    det = float(onp.prod(scales))
    true = float(onp.log(abs(det)))
    right = _sentence(true, reported)
    shown = {"v": v, "the true log-det": true, "the reported one": reported}
    slips = [slip(name, hint, sentence=given) for name, hint, given in _mistaken(det, true, reported, right)]
    return Question((f, v), {"sentence": right}, shown, slips, read=_read)


def _sentence(true, reported, near=1e-5, zero=1e-3):
    """What the docstring asks for, where the number to compare with is `true`."""
    if abs(true) < zero:
        return UNDECIDED
    return APPLIED if abs(reported - true) < near else INVERSE if abs(reported + true) < near else OTHER


def _mistaken(det, true, reported, right):
    """(name, hint, the sentence that it gives) of each known mistake; one name may give this or that."""
    yield "log det is taken, not log|det|: the map flips an axis", "What is the logarithm of a negative number?", (
        right if det > 0 else OTHER)  # fmt: skip
    yield "it compares with det, not with its logarithm", "What does f report?", _sentence(det, reported)
    yield "the two directions are exchanged", "Of which map is the numeric Jacobian?", EXCHANGED.get(right, right)
    for of_both in (APPLIED, INVERSE):
        yield "the sign of the log-det is not looked at", SIGNS, of_both if right in EXCHANGED else right
        yield "the third sentence never comes", NEITHER, of_both if right == OTHER else right
        for other in (OTHER, UNDECIDED):
            at_zero = of_both if reported == 0 else other
            yield "a log-det of 0 is not left undecided", ZERO, at_zero if right == UNDECIDED else right
    loose = _sentence(true, reported, near=0.02)
    for given in (loose, loose if loose == APPLIED else right):  # in both comparisons, or in the first alone
        yield "numbers that are 0.01 apart are taken for equal", NEAR, given
    yield "a log-det of 0.03 is taken for 0", NEAR, _sentence(true, reported, zero=0.1)
    yield "it looks whether the reported number is 0, not the true one", ZERO, (
        OTHER if right == UNDECIDED and reported else right)  # fmt: skip
    for one in (APPLIED, INVERSE, OTHER, UNDECIDED):
        yield f"every map gets the sentence {one[:TELLING]!r}...", "On what should the answer depend?", one


def _read(value):
    """The sentence that a student's begins like."""
    words = " ".join(value.lower().split()) if isinstance(value, str) else ""
    known = (sentence for sentence in (APPLIED, INVERSE, OTHER, UNDECIDED) if words.startswith(sentence[:TELLING]))
    return next(known, value)
