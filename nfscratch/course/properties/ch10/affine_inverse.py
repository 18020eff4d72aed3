"""Task 10.3, affine_inverse(x, y, nets): (4), solved for z."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.pair import own_log_det
from nfscratch.course.judging.question import Question, by_part, expect
from nfscratch.course.properties.ch10.affine_forward import log_det_slips
from nfscratch.course.properties.ch10.layers import forward, inverse, random_nets, shifts

SOLVE = "x = 1.2472, s = log sqrt(0.2) and t = 0.8: which z is that in the first example?"
SEES = "What do s_i and t_i depend on, in (4)? Is all of it known here?"
DIMS = (1, 2, 4)


def undoes(asked, rng):
    """inverse(forward(z)) = z with the same y, for 1, 2 and 4 variables"""
    return expect(asked, *[_of(rng, D, "z") for D in DIMS])


def log_dets(asked, rng):
    """the log-det against that of the way there, and against a numeric Jacobian of the student's own map"""
    fault = expect(asked, *[_of(rng, D, "log_det") for D in DIMS])
    return fault or own_log_det(asked, rng.normal(size=(2, 3)), (rng.normal(size=2), random_nets(rng, 3, 2)))


def _right(s, t, x):
    return (x - t) * onp.exp(-s)


def _of(rng, D, judged, C=3):
    z, y, nets = rng.normal(size=D), rng.normal(size=C), random_nets(rng, D, C)
    x, s = forward(z, y, nets)
    t = shifts(x, y, nets)
    slips = [
        *_whole("y is forgotten: the networks get zeros in its place", SEES, *inverse(x, 0 * y, nets, _right)),
        *_whole("the networks read z, not x", SEES, *inverse(x, y, nets, _right, reads="z")),
        *_whole("the networks get zeros in the place of x", SEES, *inverse(x, y, nets, _right, reads="zeros")),
        *_whole("the networks read x in the reversed order", SEES, *inverse(x, y, nets, _right, reads="reversed")),
        *_whole("y stands before x in the networks' input", "In which order does (4) name the inputs?", *inverse(x, y, nets, _right, join=lambda before, y: onp.concatenate([y, before]))),
        *by_part("it divides before it subtracts", SOLVE, z=x * onp.exp(-s) - t),
        *by_part("it divides before it subtracts, and adds the shift", SOLVE, z=x * onp.exp(-s) + t),
        *by_part(Mistake.MULTIPLIES, z=(x - t) * onp.exp(s)),
        *by_part(Mistake.SHIFT_NOT_UNDONE, z=x * onp.exp(-s)),
        *by_part("the shift is added, not subtracted", SOLVE, z=(x + t) * onp.exp(-s)),
        *by_part(Mistake.SCALE_NOT_UNDONE, z=x - t),
        *by_part("it applies forward's formula to x", SOLVE, z=onp.exp(s) * x + t),
        *by_part(Mistake.APPLIES_FORWARD, z=forward(x, y, nets)[0]),
        *by_part("it divides by s, not by e^s", SOLVE, z=(x - t) / s),
        *by_part("s is taken for the logarithm of the variance", SOLVE, z=(x - t) * onp.exp(-s / 2)),
        *by_part("the scale is e^(2 s)", SOLVE, z=(x - t) * onp.exp(-2 * s)),
        *by_part("z has its sign flipped", SOLVE, z=-z),
        *by_part("s and t are exchanged", "In which order does a network of the chapter return them?", z=(x - s) * onp.exp(-t)),
        *by_part(Mistake.RETURNS_ARGUMENT, SOLVE, z=x),
        *log_det_slips(s, t, -1),
    ]  # fmt: skip
    shown = {"x": x, "y": y, "s": s}
    return Question((x, y, nets), {"z": z, "log_det": -float(s.sum())}, shown, slips, (judged,), 1e-9, f"D = {D}")


def _whole(name, hint, z, s):
    return by_part(name, hint, z=z, log_det=-float(s.sum()))
