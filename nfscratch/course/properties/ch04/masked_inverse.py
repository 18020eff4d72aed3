"""Task 4.4, masked_inverse(x, b, s, t): the inverse of equation (6). s and t are functions, and stay with the checks."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.pair import own_log_det
from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch04.scattered import DIMS, Masked

SEEN = "Which of the b's decides what the networks see?"
CHANGED = "Which of the b's decides which places change?"


def undoes(asked, rng):
    """inverse(forward(z)) = z, with networks that answer on kept places too"""
    return expect(asked, *[_of(rng, D, "z") for D in DIMS])


def log_det(asked, rng):
    """the log-det against the known one, and against a numeric Jacobian"""
    fault = expect(asked, *[_of(rng, D, "log_det") for D in DIMS])
    layer = Masked(rng, 3)
    return fault or own_log_det(asked, rng.normal(size=(2, 3)), layer.others, f"b = {layer.b.tolist()}")


def _of(rng, D, judged):
    layer, z = Masked(rng, D), rng.normal(size=D)
    x, l = layer.forward(z)
    b, free = layer.b, 1 - layer.b
    s, t = layer.s(b * x), layer.t(b * x)
    s_all, t_all, s_free, t_free = layer.s(x), layer.t(x), layer.s(free * x), layer.t(free * x)
    e = onp.exp(-s)
    slips = [
        slip("the networks see all of x, not b x", SEEN, z=b * x + free * (x - t_all) * onp.exp(-s_all), log_det=-(free * s_all).sum()),
        slip("the networks see the places that change", SEEN, z=b * x + free * (x - t_free) * onp.exp(-s_free), log_det=-(free * s_free).sum()),
        slip("the factor (1 - b) is missing: kept places change too", CHANGED, z=b * x + (x - t) * e),
        slip("(1 - b) stands before t alone", CHANGED, z=b * x + (x - free * t) * e),
        slip("the kept places are missing", "What is z where b is 1?", z=free * (x - t) * e),
        slip("all of x is kept, not b x", "What is z where b is 0?", z=x + free * (x - t) * e),
        slip("b and 1 - b are exchanged", CHANGED, z=free * x + b * (x - t) * e, log_det=-(b * s).sum()),
        slip("b and 1 - b are exchanged", CHANGED, z=free * x + b * (x - t_free) * onp.exp(-s_free), log_det=-(b * s_free).sum()),
        slip(Mistake.WRONG_ORDER, z=b * x + free * (x * e - t)),
        slip(Mistake.MULTIPLIES, z=b * x + free * (x - t) / e),
        slip(Mistake.SHIFT_NOT_UNDONE, z=b * x + free * x * e),
        slip(Mistake.SHIFT_NOT_UNDONE, z=b * x + free * (x + t) * e),
        slip(Mistake.SCALE_NOT_UNDONE, z=b * x + free * (x - t)),
        slip(Mistake.APPLIES_FORWARD, z=b * x + free * (x / e + t)),
        slip(Mistake.NOT_NEGATED, log_det=(free * s).sum()),
        slip("the sum runs over kept places too", "Which b stands in the log-det of (6)?", log_det=-s.sum()),
        slip("the sum runs over kept places too", "Which b stands in the log-det of (6)?", log_det=s.sum()),
        slip("there is one log-scale for each variable, not their sum", "How many numbers for one point?", log_det=-free * s),
        slip(Mistake.EXP_SUMMED, log_det=-(free * onp.exp(s)).sum()),
        slip(Mistake.EXP_SUMMED, log_det=(free * e).sum()),
        slip(Mistake.MEAN, "Look at D = 2 and D = 5: when do a mean and a sum agree?", log_det=-(free * s).mean()),
        slip(Mistake.ALWAYS_ZERO, log_det=0.0),
    ]  # fmt: skip
    shown = {"x": x, "b": b, "s(b x)": s, "t(b x)": t}
    return Question((x, *layer.others), {"z": z, "log_det": -l}, shown, slips, (judged,), size=f"D = {D}")
