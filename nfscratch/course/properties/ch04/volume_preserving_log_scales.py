"""Task 4.5, volume_preserving_log_scales(s): equation (7)."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.question import Question, expect, slip

SUM = "What is left of the sum, when that is taken from every s_i?"


def values(asked, rng):
    """equation (7), for 2, 5 and 1 changed variables"""
    return expect(asked, *[_of(rng.normal(size=n) + 0.5) for n in (2, 5, 1)])


def _of(s):
    papers = onp.append(s[:-1], -s[:-1].sum())
    slips = [
        slip("the sum is subtracted, not the mean", SUM, s=s - s.sum()),
        slip("the median is subtracted, not the mean", SUM, s=s - onp.median(s)),
        slip("the mean is added", SUM, s=s + s.mean()),
        slip("the last log-scale is minus the sum of the others", "That is the paper's way. What does (7) do?", s=papers),
        slip("the mean of the scales becomes 1, not that of their logarithms", "Where does e^s enter (7)?",
             s=s - onp.log(onp.exp(s).mean())),
        slip("it is divided by the sum", "Does (7) divide by anything but |C|?", s=s / s.sum()),
        slip("it is divided by the standard deviation too", "Does (7) divide by anything but |C|?",
             s=(s - s.mean()) / (s.std() or onp.nan)),
        slip("only the mean comes back", "How many log-scales go in?", s=s.mean()),
        slip("the log-scales are unchanged", "What is their sum?", s=s),
        slip("the scales come back, not their logarithms", "What are the s_i?", s=onp.exp(s - s.mean())),
    ]  # fmt: skip
    return Question((s,), {"s": s - s.mean()}, {"s": s}, slips, size=f"{len(s)} variables")
