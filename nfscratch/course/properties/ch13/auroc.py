"""Task 13.8, auroc(inside, outside): equation (9), pair by pair, with ties and without."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.question import Question, expect, slip

NINE = "Take two scores inside, 0 and 1, and one outside, 1. Count the pairs."


def values(asked, rng):
    """the share of pairs, where no scores are equal"""
    cases = [
        _of(rng.normal(size=n), rng.normal(size=m) + move) for n, m, move in ((4, 4, 0.3), (3, 5, 0.0), (9, 4, -1.0))
    ]
    return expect(
        asked,
        *cases,
        _of(rng.normal(size=5), rng.normal(size=3) + 20),
        _of(rng.normal(size=3), rng.normal(size=2) - 20),
    )


def ties(asked, rng):
    """a tie counts one half, and so do scores that are all equal"""
    cases = [
        _of(rng.integers(0, 4, size=n).astype(float), rng.integers(1, 5, size=m).astype(float))
        for n, m in ((7, 7), (6, 9), (12, 5))
    ]
    return expect(asked, *cases, _of(onp.ones(3), onp.ones(4)))


def _of(inside, outside):
    n, m = len(inside), len(outside)
    pairs = [(i, o) for i in inside for o in outside]
    above, equal = sum(o > i for i, o in pairs) / (n * m), sum(o == i for i, o in pairs) / (n * m)
    right = above + equal / 2
    paired = onp.mean(outside > inside) + 0.5 * onp.mean(outside == inside) if n == m else onp.inf
    slips = [
        slip("inside and outside are exchanged", "Which of the two should be larger?", area=1 - right),
        slip("ties do not count", NINE, area=above),
        slip("ties count 1, not 1/2", NINE, area=above + equal),
        slip("inside and outside are exchanged, and ties do not count", NINE, area=1 - above - equal),
        slip("inside and outside are exchanged, and ties count 1, not 1/2", NINE, area=1 - above),
        slip("1/2 is added, whether there are ties or not", NINE, area=above + 0.5),
        slip("ties are subtracted", NINE, area=above - equal / 2),
        slip("each score is compared with one other score, not with all", NINE, area=paired),
        slip("the pairs are counted, and not divided by their number", NINE, area=right * n * m),
        slip("the pairs are divided by the number of scores outside alone", NINE, area=right * n),
        slip("the pairs are divided by the number of scores inside alone", NINE, area=right * m),
        slip("the pairs are divided by N + M, not by N M", NINE, area=right * n * m / (n + m)),
        slip("it is 2 AUROC - 1", "What should come out for a score that knows nothing?", area=2 * right - 1),
        slip("it is never below 1/2: max(A, 1 - A)", "What does an area below 1/2 mean?", area=max(right, 1 - right)),
        slip("it is the difference of the means", "What stands in the bracket of (9)?", area=outside.mean() - inside.mean()),
        slip("it is the share of the scores outside that are above all inside", NINE, area=onp.mean(outside > inside.max())),
        slip("it is the share of the scores outside that are above the mean inside", NINE, area=onp.mean(outside > inside.mean())),
        slip("it is the share of the scores outside that are above the median inside", NINE, area=onp.mean(outside > onp.median(inside))),
    ]  # fmt: skip
    shown = {"inside": inside, "outside": outside}
    return Question((inside, outside), {"area": right}, shown, slips, size=f"N = {n}, M = {m}")
