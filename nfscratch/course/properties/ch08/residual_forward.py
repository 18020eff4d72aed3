"""Task 8.3, residual_forward(z, weights): equations (1) and (6)."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.pair import own_log_det
from nfscratch.course.judging.question import Question, by_part, expect
from nfscratch.course.properties.ch08.residual_maps import jacobian, log_det, network, random_network

SIX = "Which matrix stands in (6), beside J_F?"
DIMS = (2, 5, 1)


def values(asked, rng):
    """x by equation (1), for 2, 5 and 1 variables"""
    return expect(asked, *[_of(rng, D, "x") for D in DIMS])


def log_dets(asked, rng):
    """the log-det against the eigenvalues of J_F, and against a numeric Jacobian of the student's own map"""
    fault = expect(asked, *[_of(rng, D, "log_det") for D in DIMS])
    return fault or own_log_det(asked, rng.normal(size=(2, 3)), (random_network(rng, 3, 0.9),))


def _of(rng, D, judged):
    weights, z = random_network(rng, D, 0.9), rng.normal(size=D)
    f, J, l = network(weights, z), jacobian(weights, z), log_det(weights, z)
    with onp.errstate(all="ignore"):
        slips = [
            *by_part("z is not added", "What does (1) add to F(z)?", x=f),
            *by_part("F is subtracted", "Which sign has F in (1)?", x=z - f),
            *by_part("z comes back", "What does (1) add to z?", x=z),
            *by_part("F is taken at F(z)", "At which point does F stand in (1)?", x=z + network(weights, f)),
            *by_part("it is the determinant of J_F, without the I", SIX, log_det=onp.linalg.slogdet(J)[1]),
            *by_part("it is the determinant of I - J_F", SIX, log_det=onp.linalg.slogdet(onp.eye(D) - J)[1]),
            *by_part("1 is added to every entry of J_F", "Print np.eye(2) + J and 1 + J.", log_det=onp.linalg.slogdet(1 + J)[1]),
            *by_part("it is the trace of J_F: the series (8) after one term", SIX, log_det=onp.trace(J)),
            *by_part("only the diagonal is counted", "Is J_F triangular?", log_det=onp.log(1 + onp.diag(J)).sum()),
            *by_part("it is log(1 + tr J_F)", "For which matrices does that hold?", log_det=onp.log1p(onp.trace(J))),
            *by_part(Mistake.NO_LOGARITHM, log_det=onp.exp(l)),
            *by_part("it is the sign of the determinant", "slogdet returns two numbers.", log_det=1.0),
            *by_part(Mistake.SIGN, log_det=-l),
            *by_part(Mistake.MEAN, log_det=l / D),
        ]  # fmt: skip
    shown = {"z": z, "F(z)": f}
    return Question((z, weights), {"x": z + f, "log_det": l}, shown, slips, (judged,), size=f"D = {D}")
