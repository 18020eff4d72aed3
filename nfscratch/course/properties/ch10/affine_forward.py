"""Task 10.2, affine_forward(z, y, nets): (4) and (6)."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.pair import own_log_det
from nfscratch.course.judging.question import Question, by_part, expect
from nfscratch.course.properties.ch10.layers import forward, random_nets, shifts

SIX = "What does (6) add up?"
FOUR = "Put the numbers of the first example into (4): s = log sqrt(0.2), t = 0.8 y."
SEES = "What do s_i and t_i depend on, in (4)?"
DIMS = (1, 2, 4)


def values(asked, rng):
    """x by (4), for 1, 2 and 4 variables and a context of three numbers"""
    return expect(asked, *[_of(rng, D, "x") for D in DIMS])


def log_dets(asked, rng):
    """the log-det by (6), and against a numeric Jacobian of the student's own map"""
    fault = expect(asked, *[_of(rng, D, "log_det") for D in DIMS])
    return fault or own_log_det(asked, rng.normal(size=(2, 3)), (rng.normal(size=2), random_nets(rng, 3, 2)))


def _of(rng, D, judged, C=3):
    z, y, nets = rng.normal(size=D), rng.normal(size=C), random_nets(rng, D, C)
    x, s = forward(z, y, nets)
    slips = [s for name, hint, changed in _MISTAKEN for s in _whole(name, hint, *forward(z, y, nets, **changed))]
    slips += [
        *_whole("y is ignored: the networks get zeros in its place", SEES, *forward(z, 0 * y, nets)),
        *by_part("z comes back", FOUR, x=z),
        *log_det_slips(s, shifts(x, y, nets), 1),
    ]
    shown = {"z": z, "y": y, "s": s}
    return Question((z, y, nets), {"x": x, "log_det": float(s.sum())}, shown, slips, (judged,), 1e-9, f"D = {D}")


def _whole(name, hint, x, s):
    return by_part(name, hint, x=x, log_det=float(s.sum()))


_MISTAKEN = (
    ("the networks read z, not x", SEES, {"reads": "z"}),
    ("the networks get zeros in the place of x", SEES, {"reads": "zeros"}),
    ("the networks read x in the reversed order", SEES, {"reads": "reversed"}),
    ("y stands before x in the networks' input", "In which order does (4) name the inputs?", {"join": lambda before, y: onp.concatenate([y, before])}),
    ("it shifts before it scales", FOUR, {"apply": lambda s, t, z: onp.exp(s) * (z + t)}),
    ("it subtracts the shift", FOUR, {"apply": lambda s, t, z: onp.exp(s) * z - t}),
    ("the shift is missing", FOUR, {"apply": lambda s, t, z: onp.exp(s) * z}),
    ("the scale is missing", FOUR, {"apply": lambda s, t, z: z + t}),
    ("the scale is s, not e^s", FOUR, {"apply": lambda s, t, z: s * z + t}),
    ("the scale is e^(-s)", FOUR, {"apply": lambda s, t, z: onp.exp(-s) * z + t}),
    ("s is taken for the logarithm of the variance", FOUR, {"apply": lambda s, t, z: onp.exp(s / 2) * z + t}),
    ("the scale is e^(2 s)", FOUR, {"apply": lambda s, t, z: onp.exp(2 * s) * z + t}),
    ("z is added twice: the scale is 1 + e^s", FOUR, {"apply": lambda s, t, z: z + onp.exp(s) * z + t}),
    ("it applies the inverse", FOUR, {"apply": lambda s, t, z: (z - t) * onp.exp(-s)}),
    ("s and t are exchanged", "In which order does a network of the chapter return them?", {"apply": lambda s, t, z: onp.exp(t) * z + s}),
)  # fmt: skip


def log_det_slips(s, t, sign):
    """What is added up wrongly. sign: -1 for the inverse."""
    right = sign * s.sum()
    return [
        *by_part(Mistake.SIGN if sign > 0 else Mistake.NOT_NEGATED, SIX, log_det=-right),
        *by_part(Mistake.MEAN, "Look at D = 2 and D = 4: when do a mean and a sum agree?", log_det=right / len(s)),
        *by_part("there is one log-scale for each variable, not their sum", "How many numbers for one point?", log_det=sign * s),
        *by_part(Mistake.EXP_SUMMED, SIX, log_det=sign * onp.exp(s).sum()),
        *by_part(Mistake.EXP_SUMMED, SIX, log_det=onp.exp(sign * s).sum()),
        *by_part(Mistake.EXP_SUMMED, SIX, log_det=-onp.exp(sign * s).sum()),
        *by_part("the logarithms are multiplied, not added", SIX, log_det=s.prod()),
        *by_part("|s| is summed, not s", SIX, log_det=onp.abs(s).sum()),
        *by_part("|s| is summed, not s", SIX, log_det=-onp.abs(s).sum()),
        *by_part(Mistake.NO_LOGARITHM, log_det=onp.exp(right)),
        *by_part(Mistake.ALWAYS_ZERO, SIX, log_det=0.0),
        *by_part("only the last variable counts", SIX, log_det=sign * s[-1]),
        *by_part("only the first variable counts", SIX, log_det=sign * s[0]),
        *by_part("the first variable is left out", SIX, log_det=right - sign * s[0]),
        *by_part("the last variable is left out", SIX, log_det=right - sign * s[-1]),
        *by_part("it is the sum of the shifts", SIX, log_det=t.sum()),
        *by_part("it is the sum of the shifts", SIX, log_det=-t.sum()),
        *by_part("it is the sum of s and t", SIX, log_det=sign * (s + t).sum()),
        *by_part("it has the factor 1/2 of a variance", SIX, log_det=right / 2),
        *by_part("it is doubled", SIX, log_det=2 * right),
    ]  # fmt: skip
