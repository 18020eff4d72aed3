"""Task 3.1, planar_forward(z, w, u, b): equations (1) and (4)."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.pair import own_log_det
from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch03.curved import Planar, bent, slope

EXAMPLE = "Put the numbers of the worked example into (1)."
LEMMA = "Which two vectors does the lemma (3) multiply?"
CASES = ((2, 0.8), (5, -0.6), (2, -3.0), (1, 0.8))  # D, and w . u: the third map folds, and its determinant is negative


def values(asked, rng):
    """x by equation (1), for D = 1, 2 and 5"""
    return expect(asked, *[_of(rng, *case, "x") for case in CASES])


def log_det(asked, rng):
    """the log-det against the known one, for both signs of det J, and against a numeric Jacobian"""
    fault = expect(asked, *[_of(rng, *case, "log_det") for case in CASES])
    return fault or own_log_det(asked, rng.normal(size=(2, 3)), Planar(rng, 3, 1.2).others)


def _of(rng, D, along, judged):
    planar = Planar(rng, D, along)
    w, u, b = planar.others
    z = rng.normal(size=D)
    z += (-b + rng.uniform(0.2, 0.5) - w @ z) * w / (w @ w)  # near the line, where h' is large
    a, wu = w @ z + b, w @ u
    h, h_prime = bent(a), slope(a)
    with onp.errstate(all="ignore"):
        no_bars = onp.log(1 + h_prime * wu)
    det = 1 + h_prime * wu
    l = float(onp.log(abs(det)))
    slips = [
        slip("the shift goes along w, not along u", EXAMPLE, x=z + w * h),
        slip("w and u are exchanged", EXAMPLE, x=z + w * bent(u @ z + b)),
        slip("b is missing", EXAMPLE, x=z + u * bent(w @ z)),
        slip("w and z are multiplied entry by entry, without a sum", "How many numbers is w . z?", x=z + u * bent(w * z + b)),
        slip("z is missing: only the shift comes back", "Which terms has (1)?", x=u * h),
        slip("the shift is subtracted", EXAMPLE, x=z - u * h),
        slip("tanh is missing", EXAMPLE, x=z + u * a),
        slip("the shift holds h', not h", "Which of them stands in (1)?", x=z + u * h_prime),
        slip("b is added to x, not inside tanh", EXAMPLE, x=z + u * bent(w @ z) + b),
        slip(Mistake.PLANAR_H, log_det=float(onp.log(abs(1 + h * wu)))),
        slip("tanh' is taken for 1 - tanh", "What is the derivative of tanh?", log_det=float(onp.log(abs(1 + (1 - h) * wu)))),
        slip("h' is missing", "Which factors has the second term of (4)?", log_det=float(onp.log(abs(1 + wu)))),
        slip("the 1 is missing", "What is det(I + u v^T) for u = 0?", log_det=float(onp.log(abs(h_prime * wu)))),
        slip(Mistake.NO_ABSOLUTE_VALUE, "What is the logarithm of a negative determinant?", log_det=float(no_bars)),
        slip(Mistake.NO_LOGARITHM, log_det=float(det)),
        slip(Mistake.NO_LOGARITHM, log_det=float(abs(det))),
        slip(Mistake.SIGN, log_det=-l),
        slip("h' is taken at w . z, without b", "Where is tanh' taken?", log_det=float(onp.log(abs(1 + slope(w @ z) * wu)))),
        slip("w . w stands where w . u belongs", LEMMA, log_det=float(onp.log(abs(1 + h_prime * (w @ w))))),
        slip("there is one number for each variable", "How many numbers is w . u?", log_det=onp.log(onp.abs(1 + h_prime * w * u))),
        slip("the logarithms of the variables are added up", LEMMA, log_det=float(onp.log(onp.abs(1 + h_prime * w * u)).sum())),
        slip("w . u is missing", LEMMA, log_det=float(onp.log(1 + h_prime))),
        slip("the bars are around w . u alone", "Where do the bars stand in (4)?", log_det=float(onp.log(1 + h_prime * abs(wu)))),
        slip("it is counted once for every variable", "Is it of a variable, or of a point?", log_det=D * l),
        slip("the second term has its sign flipped", LEMMA, log_det=float(onp.log(abs(1 - h_prime * wu)))),
        slip(Mistake.ALWAYS_ZERO, log_det=0.0),
    ]  # fmt: skip
    shown = {"z": z, "w": w, "u": u, "b": b}
    return Question((z, w, u, b), {"x": planar.forward(z), "log_det": l}, shown, slips, (judged,), size=f"D = {D}")
