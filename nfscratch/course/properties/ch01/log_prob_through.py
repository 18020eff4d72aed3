"""Task 1.1, log_prob_through(x, inverse, base_log_prob): the density of x, whose map and base are given as functions."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.fault import Fault
from nfscratch.course.judging.question import Question, expect, slip

SUM = "How many numbers should come back for one point x?"


def normal(z):
    return -0.5 * onp.asarray(z) ** 2 - 0.5 * onp.log(2 * onp.pi)


def laplace(z):
    return -onp.abs(onp.asarray(z)) - onp.log(2)


def by_hand(asked, rng):
    """the density of x = a z + b, which is known, for D = 1 and 3, and two bases"""
    return expect(asked, *[_of_a_line(rng, D, base) for D in (1, 3) for base in (normal, laplace)])


def integral(asked, rng):
    """the density of a curved map's x, which integrates to 1"""
    c, x = rng.uniform(0.6, 1.4), onp.linspace(-8, 8, 241)
    log_p = asked.rows(x[:, None], lambda v: (onp.sinh(c * v) / c, float(onp.log(onp.cosh(c * v)).sum())), normal)
    total = float(onp.exp(onp.array(log_p, dtype=float)).sum()) * (x[1] - x[0])
    if abs(total - 1) < 1e-6:
        return None
    found = f"      the integral of exp(log p) over x: yours {total:.4f}   should be 1.0000"
    where = f"      for one variable and the map z = sinh({c:.3f} x) / {c:.3f}"
    return Fault("the density does not integrate to 1", (found, where), "How much does this map stretch at each x?")


def _of_a_line(rng, D, log_p_z):
    a, b, x = rng.uniform(1.5, 3, size=D), rng.normal(size=D), 2 + rng.normal(size=D)
    z, log_det = (x - b) / a, -float(onp.log(a).sum())
    base, standard = float(log_p_z(z).sum()), float(normal(z).sum())
    slips = [
        slip(Mistake.LOG_DET_SUBTRACTED, log_p=base - log_det),
        slip(Mistake.LOG_DET_MISSING, log_p=base),
        slip(Mistake.BASE_MISSING, log_p=log_det),
        slip(Mistake.BASE_AT_X, log_p=float(log_p_z(x).sum()) + log_det),
        slip("the base's log-densities are not summed over the variables", SUM, log_p=log_p_z(z) + log_det),
        slip("it is the mean of the base's log-densities, not their sum", SUM, log_p=base / D + log_det),
        slip("the log-det is added once for every variable", "Is it of a variable, or of a point?", log_p=base + D * log_det),
        slip("the base is always the standard normal", "Which argument says what the base is?", log_p=standard + log_det),
        slip("it is the density, not its logarithm", "What does the left side of (3) say?", log_p=onp.exp(base + log_det)),
    ]  # fmt: skip
    shown = {"x": x, "inverse(x)": (z, log_det), "the base": log_p_z.__name__}
    arguments = (x, lambda v: ((v - b) / a, log_det), log_p_z)
    return Question(arguments, {"log_p": base + log_det}, shown, slips, size=f"D = {D}")
