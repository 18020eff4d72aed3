"""Task 3.3, radial_forward(z, centre, alpha, gamma): equations (6) and (7)."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.pair import own_log_det
from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch03.radial import Radial

DIMS = (2, 5, 1)
RAY = "On its ray, how far from the centre is x by (6)?"
FACTORS = "Which factor of (7) belongs to which directions, and how many are there?"


def values(asked, rng):
    """x by equation (6), for D = 1, 2 and 5"""
    return expect(asked, *[_of(rng, D, "x") for D in DIMS])


def log_det(asked, rng):
    """the log-det against the known one, and against a numeric Jacobian"""
    fault = expect(asked, *[_of(rng, D, "log_det") for D in DIMS])
    return fault or own_log_det(asked, rng.normal(size=(2, 3)), Radial(rng, 3).others)


def at_the_centre(asked, rng):
    """z = centre, where r is 0: x is the centre, and the map a plain stretch"""
    radial = Radial(rng, 3)
    answer = {"x": radial.centre, "log_det": 3 * float(onp.log(radial.gamma / radial.alpha))}
    slips = [
        slip("at the centre it divides 0 by 0", "What does (6) divide by, and what do you?", x=onp.full(3, onp.nan))
    ]
    arguments = (radial.centre.copy(), *radial.others)
    shown = {"z = centre": radial.centre, "alpha": radial.alpha, "gamma": radial.gamma}
    return expect(asked, Question(arguments, answer, shown, slips, size="D = 3"))


def _of(rng, D, judged):
    radial = Radial(rng, D)
    centre, alpha, gamma = radial.others
    d = rng.normal(size=D) * 0.7
    z, r, f = centre + d, onp.linalg.norm(d), radial.f(onp.linalg.norm(d))
    along, across = onp.log((r**2 + 2 * alpha * r + alpha * gamma) / (alpha + r) ** 2), onp.log(f)
    r_0, size = onp.linalg.norm(z), onp.abs(d).sum()
    slips = [
        slip("the centre is not added again", RAY, x=f * d),
        slip("z is stretched, not z - z_0", RAY, x=centre + f * z),
        slip("r is the distance from 0, not from the centre", RAY, x=centre + radial.f(r_0) * d),
        slip("r is the square of the distance", "What is the length of a vector?", x=centre + radial.f(r**2) * d),
        slip("r is the sum of the |d_i|", "What is the length of a vector?", x=centre + radial.f(size) * d),
        slip("alpha and gamma are exchanged", "Which of them stands above, in (6)?", x=centre + d / f),
        slip("gamma is taken for beta", "What is gamma, in (6)?", x=z + gamma * d / (alpha + r)),
        slip("f is added to z, once too often", "Which form of (6) is it?", x=z + f * d),
        slip("only the direction is stretched, not d", RAY, x=centre + f * d / r),
        slip("the first factor is to the power D, not D - 1", FACTORS, log_det=D * across + along),
        slip("the first factor stands once, not D - 1 times", FACTORS, log_det=across + along),
        slip("the stretch along the ray is missing", FACTORS, log_det=(D - 1) * across),
        slip("the stretch across the ray is missing", FACTORS, log_det=along),
        slip("f is taken for the stretch along the ray too", "What is the derivative of r f(r)?", log_det=D * across),
        slip("the stretch along the ray stands D - 1 times", FACTORS, log_det=across + (D - 1) * along),
        slip("the denominator (alpha + r)^2 is not squared", "Differentiate r f(r).", log_det=(D - 1) * across + along + onp.log(alpha + r)),
        slip("the denominator (alpha + r)^2 is missing", "Differentiate r f(r).", log_det=(D - 1) * across + along + 2 * onp.log(alpha + r)),
        slip("alpha gamma is missing from the last factor", "Differentiate r f(r).", log_det=(D - 1) * across + onp.log((r**2 + 2 * alpha * r) / (alpha + r) ** 2)),
        slip("the logarithm of the first factor is missing", FACTORS, log_det=(D - 1) * f + along),
        slip("f' has its sign flipped", "Differentiate r f(r).", log_det=(D - 1) * across + onp.log(f + r * (gamma - alpha) / (alpha + r) ** 2)),
        slip("the 2 before alpha r is missing", "Differentiate r f(r).", log_det=(D - 1) * across + onp.log((r**2 + alpha * r + alpha * gamma) / (alpha + r) ** 2)),
        slip(Mistake.SIGN, log_det=-((D - 1) * across + along)),
        slip(Mistake.NO_LOGARITHM, log_det=onp.exp((D - 1) * across + along)),
        slip(Mistake.ALWAYS_ZERO, log_det=0.0),
    ]  # fmt: skip
    answer = {"x": radial.forward(z), "log_det": radial.log_det(z)}
    shown = {"z": z, "centre": centre, "alpha": alpha, "gamma": gamma}
    return Question((z, *radial.others), answer, shown, slips, (judged,), size=f"D = {D}")
