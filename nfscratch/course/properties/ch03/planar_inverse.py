"""Task 3.6, planar_inverse(x, w, u, b): equation (12). x was computed from z."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.pair import own_log_det
from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch03.curved import Planar, bent, root

CASES = ((2, 0.7), (2, 3.0), (5, -0.8), (1, 2.0))  # D, w . u: an iteration z <- x - u tanh(w z + b) ends for the first
UNKNOWN = "Put your z into (1): does x come out?"
POINT = "At which point does planar_forward give its log-det?"


def undoes(asked, rng):
    """inverse(forward(z)) = z, for D = 1, 2 and 5, and w . u from -0.8 to 3"""
    return expect(asked, *[_of(rng, D, along, None, "z") for D, along in CASES])


def log_det(asked, rng):
    """the log-det against the known one, and against a numeric Jacobian"""
    fault = expect(asked, *[_of(rng, D, along, None, "log_det") for D, along in CASES])
    return fault or own_log_det(asked, rng.normal(size=(2, 3)), Planar(rng, 3, 1.5).others)


def far_out(asked, rng):
    """the round trip at |z| = 1000"""
    questions = []
    for D, along in CASES:
        d = rng.normal(size=D)
        questions.append(_of(rng, D, along, 1000 * d / onp.linalg.norm(d), "z"))
    return expect(asked, *questions)


def _of(rng, D, along, z, judged):
    planar = Planar(rng, D, along)
    w, u, b = planar.others
    z = _near_the_line(planar, rng.normal(size=D), rng.uniform(0.2, 0.4)) if z is None else z
    x, l = planar.forward(z), -planar.log_det(z)
    ww, alpha = w @ w, w @ z

    def found(c, shift=b, target=w @ x):
        return root(lambda a: a + c * bent(a + shift), target)

    slips = [
        slip("the shift is taken at x, not at z", "Which of z and x stands inside tanh, in (1)?", z=x - u * bent(w @ x + b)),
        slip(Mistake.NO_CONTRACTION, "For which w . u does z <- x - u tanh(w . z + b) come to rest?", z=_iterated(planar, x, 300)),
        slip(Mistake.NO_CONTRACTION, "For which w . u does z <- x - u tanh(w . z + b) come to rest?", z=_iterated(planar, x, 301)),
        slip("the shift is added, not subtracted", UNKNOWN, z=x + u * bent(alpha + b)),
        slip(Mistake.APPLIES_FORWARD, z=planar.forward(x)),
        slip("b is missing from the last step", UNKNOWN, z=x - u * bent(alpha)),
        slip("b is missing from the equation for alpha", UNKNOWN, z=x - u * bent(found(along, 0.0) + b)),
        slip("b is missing", UNKNOWN, z=x - u * bent(found(along, 0.0))),
        slip("w . w stands where w . u belongs", "Multiply (1) by w.", z=x - u * bent(found(ww) + b)),
        slip("w . u is missing from the equation for alpha", "Multiply (1) by w.", z=x - u * bent(found(1.0) + b)),
        slip("tanh is missing from the last step", UNKNOWN, z=x - u * (alpha + b)),
        slip("the shift goes along w, not along u", UNKNOWN, z=x - w * bent(alpha + b)),
        slip("z is the part along w alone", "What does (12) say of the other directions?", z=alpha * w / ww),
        slip("alpha comes back, not z", "Which equation of (12) has z in it?", z=alpha),
        slip(Mistake.RETURNS_ARGUMENT, UNKNOWN, z=x),
        slip(Mistake.NOT_NEGATED, log_det=-l),
        slip("the log-det is taken at x, not at z", POINT, log_det=-planar.log_det(x)),
        slip("the log-det is taken at x, not at z, and is not negated", POINT, log_det=planar.log_det(x)),
        slip(Mistake.ALWAYS_ZERO, log_det=0.0),
    ]  # fmt: skip
    shown = {"x": x, "w": w, "u": u, "b": b, "w . u": along}
    return Question((x, *planar.others), {"z": z, "log_det": l}, shown, slips, (judged,), 1e-8, f"D = {D}")


def _near_the_line(planar, z, a):
    """z, moved along w to where w . z + b = a, and tanh is steep."""
    w, _, b = planar.others
    return z + (a - b - w @ z) * w / (w @ w)


def _iterated(planar, x, steps):
    w, u, b = planar.others
    z = x
    for _ in range(steps):
        z = x - u * bent(w @ z + b)
    return z
