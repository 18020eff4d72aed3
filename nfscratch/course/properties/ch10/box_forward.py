"""Task 10.7, box_forward(u, low, high): equation (10), and far out, where the curve is flat in floats."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.pair import own_log_det
from nfscratch.course.judging.question import Question, by_part, expect, slip

TEN = "Put u = 0 into (10): where between a and b is x, and how steep is the curve?"
ENDS = "Where is x for a large u, and where for a large -u?"
SOFT = "What is sp(u) for u = 800, up to many digits? Which of e^u and e^(-u) can be computed there?"


def values(asked, rng):
    """x between the ends, for 1, 2 and 4 variables"""
    return expect(asked, *[_of(rng, D, "x") for D in (1, 2, 4)])


def log_dets(asked, rng):
    """the log-det against the slope of a logistic curve, and against a numeric Jacobian of the student's own map"""
    fault = expect(asked, *[_of(rng, D, "log_det") for D in (1, 2, 4)])
    return fault or own_log_det(asked, rng.normal(size=(3, 2)), (onp.array([-0.5, 2.0]), onp.array([1.0, 2.5])))


def far_out(asked, rng):
    """both at u = 40, 800, -800 and beyond"""
    far = ([40.0, 0.3], [800.0, -0.2], [-800.0, 0.1], [1500.0, -1500.0])
    return expect(asked, *[_far(rng, onp.array(u)) for u in far])


def _of(rng, D, judged):
    u, low = 1.5 * rng.normal(size=D), rng.uniform(-2, 1, size=D)
    width = rng.uniform(0.5, 3, size=D)
    high, share = low + width, 0.5 * (1 + onp.tanh(u / 2))
    x, slopes = low + width * share, width / (2 * onp.cosh(u / 2)) ** 2
    log_det, soft, of_minus = float(onp.log(slopes).sum()), onp.log1p(onp.exp(u)), onp.log1p(onp.exp(-u))
    widths = onp.log(width).sum()
    slips = [
        *by_part("the ends are exchanged", ENDS, x=low + width * (1 - share)),
        *by_part("x is not stretched to the box", TEN, x=share),
        *by_part("the lower end's part is missing", TEN, x=high * share),
        *by_part("the upper end's part is missing", TEN, x=low * (1 - share)),
        *by_part("the lower end is not added", TEN, x=width * share),
        *by_part("the upper end stands where the width belongs", TEN, x=low + high * share),
        *by_part("the upper end is added, not the lower one", TEN, x=high + width * share),
        *by_part("the width is not multiplied with", TEN, x=low + share),
        *by_part("the width is counted from the wrong end", ENDS, x=low - width * share),
        *by_part("the width is high + low", TEN, x=low + (high + low) * share),
        *by_part("tanh stands where the logistic curve belongs", TEN, x=low + width * onp.tanh(u)),
        *by_part("it is the logistic curve of 2 u", TEN, x=low + width * 0.5 * (1 + onp.tanh(u))),
        *by_part("it is 1 - e^(-u) below, not 1 + e^(-u)", TEN, x=low + width / (1 - onp.exp(-u))),
        *by_part("u comes back", TEN, x=u),
        *by_part("log(b - a) is missing", TEN, log_det=log_det - widths),
        *by_part("the width is added, not its logarithm", TEN, log_det=log_det - widths + width.sum()),
        *by_part("log(b - a) is subtracted", TEN, log_det=log_det - 2 * widths),
        *by_part("log(b - a) is counted twice", TEN, log_det=log_det + widths),
        *by_part("log(b - a) is counted for the first variable alone", "How many variables are stretched?", log_det=log_det - widths + onp.log(width[0])),
        *by_part("log(b - a) is counted as often as there are variables, squared", "Over what does the sum in (10) run?", log_det=log_det + (D - 1) * widths),
        *by_part("the sum runs over one of the terms, not over all of them", "Over what does the sum in (10) run?", log_det=widths - (soft + of_minus)),
        *by_part("sp(-u) is missing", TEN, log_det=log_det + of_minus.sum()),
        *by_part("sp(u) is missing", TEN, log_det=log_det + soft.sum()),
        *by_part("sp(u) and sp(-u) are missing", TEN, log_det=widths),
        *by_part("sp(u) is taken twice, for u and for -u", TEN, log_det=widths - 2 * soft.sum()),
        *by_part("sp(-u) is taken twice, for u and for -u", TEN, log_det=widths - 2 * of_minus.sum()),
        *by_part("sp(-u) is added, not subtracted", TEN, log_det=widths - soft.sum() + of_minus.sum()),
        *by_part("sp(u) is added, not subtracted", TEN, log_det=widths + soft.sum() - of_minus.sum()),
        *by_part("both sp are added, not subtracted", TEN, log_det=widths + soft.sum() + of_minus.sum()),
        *by_part(Mistake.SIGN, TEN, log_det=-log_det),
        *by_part("the mean of the sp is taken, not their sum", "Over what does the sum in (10) run?", log_det=widths - (soft + of_minus).mean()),
        *by_part(Mistake.MEAN, "Over what does the sum in (10) run?", log_det=log_det / D),
        *by_part("there is one logarithm for each variable, not their sum", "How many numbers for one point?", log_det=onp.log(slopes)),
        *by_part("the slopes are added up, not their logarithms", TEN, log_det=slopes.sum()),
        *by_part("it is the logarithm of the sum of the slopes", TEN, log_det=onp.log(slopes.sum())),
        *by_part(Mistake.NO_LOGARITHM, log_det=onp.exp(log_det)),
        *by_part(Mistake.ALWAYS_ZERO, TEN, log_det=0.0),
        *by_part("it is the logarithm of x's share of the box, not of the slope", TEN, log_det=float(onp.log(share).sum() + widths)),
    ]  # fmt: skip
    return Question(
        (u, low, high), {"x": x, "log_det": log_det}, _input(u, low, high), slips, (judged,), 1e-9, f"D = {D}"
    )


def _input(u, low, high):
    return {"u": u, "low": low, "high": high}


def _far(rng, u):
    low = rng.uniform(-2, 1, size=len(u))
    width = rng.uniform(0.5, 3, size=len(u))
    fraction = onp.exp(-onp.abs(u))
    x = onp.where(u > 0, low + width / (1 + fraction), low + width * fraction / (1 + fraction))
    log_det = float((onp.log(width) - onp.abs(u) - 2 * onp.log1p(fraction)).sum())
    slips = [slip("the slope is 0 in floats there, and its logarithm is -inf", SOFT, log_det=-onp.inf)]
    if onp.abs(u).max() > 710:
        slips.append(slip("e^800 is more than a float holds, and log_det is -inf", SOFT, log_det=-onp.inf))
    answer = {"x": x, "log_det": log_det}
    return Question((u, low, low + width), answer, _input(u, low, low + width), slips, size=f"D = {len(u)}")
