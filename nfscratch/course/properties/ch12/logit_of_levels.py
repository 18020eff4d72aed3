"""Task 12.1, logit_of_levels(y, V, alpha): equations (4) and (5)."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch12.image_maps import sums_of_slopes

FOUR, FIVE = "Put alpha = 0.1, V = 2 and y = 1 into (4) on paper.", "Four terms stand in (5)."
CASES = (((1, 1, 1), 256, 0.05), ((1, 2, 3), 17, 0.02), ((2, 2, 2), 256, 0.05), ((1, 2, 2), 17, 0.0))


def values(asked, rng):
    """ell by equation (4), with alpha and without"""
    return expect(asked, *[_of(rng, *case, "ell") for case in CASES])


def log_det(asked, rng):
    """the log-det is the sum of the logs of the slopes: all pixels count, and all four terms"""
    return expect(asked, *[_of(rng, *case, "log_det") for case in CASES])


def _of(rng, shape, V, alpha, judged):
    y = rng.integers(0, V, size=shape) + rng.uniform(0.1, 0.9, size=shape)
    share = y / V
    s = alpha + (1 - 2 * alpha) * share
    right = -onp.log(1 / s - 1)

    def logit(s):
        return onp.log(s / (1 - s))

    slips = [
        slip("alpha is left out", FOUR, ell=logit(share)),
        slip("alpha is not added", FOUR, ell=logit((1 - 2 * alpha) * share)),
        slip("the factor of y/V is 1 - alpha, not 1 - 2 alpha", FOUR, ell=logit(alpha + (1 - alpha) * share)),
        slip("y is divided by V - 1, not by V", "How many values are there from 0 to 255?", ell=logit(alpha + (1 - 2 * alpha) * y / (V - 1))),
        slip("y is divided by V + 1, not by V", "How many values are there from 0 to 255?", ell=logit(alpha + (1 - 2 * alpha) * y / (V + 1))),
        slip("s comes back, not its logit", "What is the second half of (4)?", ell=s),
        slip("log s comes back: log(1 - s) is missing", "What is the second half of (4)?", ell=onp.log(s)),
        slip("log(1 - s) comes back", "What is the second half of (4)?", ell=onp.log(1 - s)),
        slip("log(1 - s) is added, not subtracted", "What is the second half of (4)?", ell=onp.log(s * (1 - s))),
        slip("the sign of the logit is flipped", "Is a white pixel's ell large or small?", ell=-right),
        slip("it is s / (1 - s), without the logarithm", "What is the second half of (4)?", ell=s / (1 - s)),
        slip("the logarithms are to base 2", "Which logarithm is meant by log?", ell=right / onp.log(2)),
        slip("it is the sigmoid, not the logit", "Which of the two has all reals as its values?", ell=1 / (1 + onp.exp(-s))),
        *sums_of_slopes(y, V, alpha, 1),
        slip(Mistake.SIGN, "Which of the two directions is asked for?", log_det=-_log_det(s, V, alpha)),
    ]  # fmt: skip
    answer = {"ell": right, "log_det": _log_det(s, V, alpha)}
    shown = {"y": y, "V": V, "alpha": alpha}
    return Question(
        (y, V, alpha), answer, shown, slips, (judged,), size=f"{y.size} pixels" if y.size > 1 else "1 pixel"
    )


def _log_det(s, V, alpha):
    """The log of the slope of each pixel by the chain rule, summed."""
    return float(onp.log((1 / s + 1 / (1 - s)) * (1 - 2 * alpha) / V).sum())
