"""Task 3.4, radial_inverse(x, centre, alpha, gamma): equation (8), and the form of its root that keeps digits."""

from __future__ import annotations

from dataclasses import replace

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.fault import Kind
from nfscratch.course.judging.pair import own_log_det
from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch03.radial import Radial

CASES = ((2, 0.5), (2, 4.0), (5, 0.5), (5, 4.0), (1, 1.0))  # D, r: B is positive near the centre, and negative far out
ROOT = "Put your r into the first line of (8)."
BACK = "z and x lie on one ray: what is their distance from the centre divided by?"


def undoes(asked, rng):
    """inverse(forward(z)) = z, near the centre and far out, for D = 1, 2 and 5"""
    return expect(asked, *[_of(rng, *case, "z") for case in CASES])


def log_det(asked, rng):
    """the log-det against the known one, and against a numeric Jacobian"""
    fault = expect(asked, *[_of(rng, *case, "log_det") for case in CASES])
    return fault or own_log_det(asked, 2 * rng.normal(size=(2, 3)), Radial(rng, 3).others)


def centre(asked, rng):
    """the centre, which stays where it is"""
    return expect(asked, *[_at_the_centre(rng, D) for D in (2, 1)])


def digits(asked, rng):
    """B^2 large beside 4 alpha r_x, with B positive and then negative: one form of the root loses its digits"""
    for where, scales in (("B > 0", (1.0, 1e12, 1.0)), ("B < 0", (1e-12, 1.0, 2.0))):
        fault = expect(asked, *[_plain(rng, *(scales * rng.uniform(1, 2, size=3))) for _ in range(3)])
        if fault is not None:
            named = replace(
                fault, name=f"digits are lost where {where}", hint="Which two nearly equal numbers are subtracted?"
            )
            return named if fault.kind is Kind.WRONG else fault
    return None


def _at_the_centre(rng, D):
    radial = Radial(rng, D)
    centre = radial.others[0]
    nothing = slip("it is 0/0 at the centre", "What is d / r_x where r_x is 0?", z=onp.full(D, onp.nan))
    answer = {"z": centre, "log_det": -radial.log_det(centre)}
    return Question(
        (centre, *radial.others), answer, {"x": centre, "centre": centre}, [nothing], ("z",), 1e-8, f"D = {D}"
    )


def _plain(rng, alpha, gamma, r):
    radial = Radial(rng, 2, alpha, gamma)
    d = rng.normal(size=2)
    radial.centre[:] = 0
    z = r * d / onp.linalg.norm(d)
    shown = {"x": radial.forward(z), "centre": radial.centre, "alpha": alpha, "gamma": gamma}
    answer = {"z": z, "log_det": -radial.log_det(z)}
    return Question((radial.forward(z), *radial.others), answer, shown, judged=("z",), tolerance=1e-8, size="D = 2")


def _of(rng, D, r, judged):
    radial = Radial(rng, D)
    centre, alpha, gamma = radial.others
    d = rng.normal(size=D)
    d *= r / onp.linalg.norm(d)
    z = centre + d
    x = radial.forward(z)
    d_x, r_x, l = x - centre, onp.linalg.norm(x - centre), -radial.log_det(z)
    B = gamma - r_x
    big = onp.sqrt(B**2 + 4 * alpha * r_x)

    def at(root):
        return centre + d_x * (alpha + root) / (gamma + root)

    slips = [
        slip(Mistake.OTHER_ROOT, ROOT, z=at((-B - big) / 2)),
        slip("-B is missing before the square root", ROOT, z=at(big / 2)),
        slip("B has its sign flipped", ROOT, z=at((B + big) / 2)),
        slip("the half before the root is missing", ROOT, z=at(big - B)),
        slip("the 4 under the square root is missing", ROOT, z=at((onp.sqrt(B**2 + alpha * r_x) - B) / 2)),
        slip("the 4 under the square root is missing", ROOT, z=at(2 * alpha * r_x / (onp.sqrt(B**2 + alpha * r_x) + B))),
        slip("4 alpha r_x is subtracted under the square root", ROOT, z=at((onp.sqrt(onp.maximum(B**2 - 4 * alpha * r_x, 0)) - B) / 2)),
        slip("r_x is squared under the square root", ROOT, z=at((onp.sqrt(B**2 + 4 * alpha * r_x**2) - B) / 2)),
        slip("B is gamma + r_x, not gamma - r_x", ROOT, z=at(2 * alpha * r_x / (gamma + r_x + onp.sqrt((gamma + r_x) ** 2 + 4 * alpha * r_x)))),
        slip("d is multiplied with r, though it has a length already", BACK, z=centre + r * d_x),
        slip("r_x is used as if it were r", "Which of the two distances is known?", z=at(r_x)),
        slip("it stretches by f again, where it should divide by f", BACK, z=centre + d_x * (gamma + r) / (alpha + r)),
        slip("it stretches by f again, where it should divide by f", BACK, z=centre + d_x * (gamma + r_x) / (alpha + r_x)),
        slip("the centre is not added again", BACK, z=d),
        slip("x is shrunk, not x - z_0", BACK, z=centre + x * (alpha + r) / (gamma + r)),
        slip("only the direction is there, not its length r", BACK, z=centre + d / r),
        slip("the distance r comes back, not a point", "How many entries has z?", z=r),
        slip(Mistake.APPLIES_FORWARD, z=radial.forward(x)),
        slip(Mistake.NOT_NEGATED, log_det=-l),
        slip("the log-det is taken at x, not at z", "At which point does radial_forward give its log-det?", log_det=-radial.log_det(x)),
        slip("the log-det is taken at x, not at z", "At which point does radial_forward give its log-det?", log_det=radial.log_det(x)),
        slip(Mistake.ALWAYS_ZERO, log_det=0.0),
    ]  # fmt: skip
    shown = {"x": x, "centre": centre, "alpha": alpha, "gamma": gamma}
    return Question((x, *radial.others), {"z": z, "log_det": l}, shown, slips, (judged,), 1e-8, f"D = {D}")
