"""Task 7.1, deep_sigmoid(x, w, a, b): equations (2) and (4), near and far out."""

from __future__ import annotations

from dataclasses import replace

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch07.many_digits import random_unit, sigmoid, unit

LOGIT = "What is the derivative of the logit?"
STEP = 1e-3


def values(asked, rng):
    """z by equation (2), for 2 and 4 units, and one unit, which is a straight line"""
    return expect(asked, *[_of(rng.normal(), *random_unit(rng, K), "z") for K in (2, 4, 4, 1)])


def log_slope(asked, rng):
    """the log-slope by (3), and against finite differences of the student's own map"""
    fault = expect(asked, *[_of(rng.normal(), *random_unit(rng, K), "log_slope") for K in (2, 4, 4, 1)])
    return fault or expect(asked, _by_differences(asked, _of(rng.normal(), *random_unit(rng, 3), "log_slope")))


def far_out(asked, rng):
    """both numbers at |x| = 50, 200 and 2000, where F and its slope round to 0 or 1"""
    places = [sign * x for x in (rng.uniform(45, 55), 200.0, 2000.0) for sign in (1, -1)]
    return expect(asked, *[_of(x, *random_unit(rng, 3)) for x in places])


def _by_differences(asked, question):
    x, *others = question.arguments
    f = [a[0] for a in asked.many([(x + k * STEP, *others) for k in (1, -1, 2, -2)])]
    rate = (8 * (f[0] - f[1]) - (f[2] - f[3])) / (12 * STEP)
    return replace(question, answer={**question.answer, "log_slope": float(onp.log(rate))}, tolerance=1e-6)


def _logit(F):
    return onp.log(F) - onp.log(1 - F)


def _of(x, w, a, b, *judged):
    x, s = float(x), a * x + b
    z, l = unit(x, w, a, b)
    with onp.errstate(all="ignore"):
        F, rise = w @ sigmoid(s), w @ (a * sigmoid(s) * sigmoid(-s))
        slips = [
            slip("F rounds to 0 or 1 before its logarithm is taken", "Which of the numbers in (4) is never computed as 1 - F?", z=_logit(F), log_slope=onp.log(rise / (F * (1 - F)))),
            slip("F rounds to 0 or 1 before its logarithm is taken", "Which of the numbers in (4) is never computed as 1 - F?", z=onp.log(F / (1 - F)), log_slope=onp.log(rise) - onp.log(F) - onp.log(1 - F)),
            slip("the slope's sigmoids round to 0 before the logarithm is taken", "Which of the numbers in (4) is a product of sigmoids?", log_slope=onp.log(rise) - _exact_logs(x, w, a, b)),
            slip("the logit is missing", "Where do the values of F lie?", z=F),
            slip("it is log F, not the logit of F", "What does (2) subtract?", z=onp.log(F)),
            slip("the sign of the logit is flipped", "Does z rise with x?", z=-z),
            slip("the weights are left out", "What does w_k do in (1)?", z=_logit(sigmoid(s).mean())),
            slip("the weights are left out", "What does w_k do in (1)?", z=onp.log(sigmoid(s).sum()) - onp.log(sigmoid(-s).sum())),
            slip("b is subtracted", "What is s_k?", z=_logit(w @ sigmoid(a * x - b))),
            slip("b is added to x before the slope multiplies", "What is s_k?", z=_logit(w @ sigmoid(a * (x + b)))),
            slip("the mean of the logits is taken, not the logit of the mean", "Which comes first in (2), the sum or the logit?", z=w @ s),
            slip("the slopes a_k are left out of the log-slope", "What is the derivative of s_k?", log_slope=l - onp.log(rise) + onp.log(w @ (sigmoid(s) * sigmoid(-s)))),
            slip("the weights are left out of the log-slope", "What does (4) add before the lse?", log_slope=l - onp.log(rise) + onp.log((a * sigmoid(s) * sigmoid(-s)).sum())),
            slip("the logit's slope is missing", LOGIT, log_slope=onp.log(rise)),
            slip("the logit's slope lacks 1/(1 - F)", LOGIT, log_slope=onp.log(rise / F)),
            slip("the logit's slope lacks 1/F", LOGIT, log_slope=onp.log(rise / (1 - F))),
            slip("F (1 - F) is multiplied, where it should divide", LOGIT, log_slope=onp.log(rise * F * (1 - F))),
            slip("sigma(-s) is missing in the slope", "What is the derivative of a sigmoid?", log_slope=onp.log(w @ (a * sigmoid(s)) / (F * (1 - F)))),
            slip("it is the slope, not its logarithm", "What do log-dets add up?", log_slope=onp.exp(l)),
            slip(Mistake.SIGN, log_slope=-l),
        ]  # fmt: skip
    answer, shown = {"z": z, "log_slope": l}, {"x": x, "w": w, "a": a, "b": b}
    return Question((x, w, a, b), answer, shown, slips, judged, size=f"{len(w)} unit{'s' if len(w) > 1 else ''}")


def _exact_logs(x, w, a, b):
    """log F + log(1 - F)."""
    s = a * x + b
    up, down = onp.log(w) - onp.logaddexp(0, -s), onp.log(w) - onp.logaddexp(0, s)
    return onp.logaddexp.reduce(up) + onp.logaddexp.reduce(down)
