"""Task 1.2, tanh_forward(z): tanh, and its log-det where tanh itself has no digits left."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.pair import Setting
from nfscratch.course.judging.pair import log_det as log_det_of_map
from nfscratch.course.judging.question import Question, expect, slip

ROUNDING = "Which intermediate number is no longer different from 0, or from infinity, at this z?"


def log_slopes(z):
    """log(1 - tanh(z)^2), written for |z|: another way than the chapter's."""
    return 2 * (onp.log(2) - onp.abs(z) - onp.log1p(onp.exp(-2 * onp.abs(z))))


def values(asked, rng):
    """x = tanh z, for D = 1 and 4"""
    return expect(asked, *[_of(rng.normal(size=D), "x") for D in (1, 4)])


def log_det(asked, rng):
    """the log-det against the known slope, and against a numeric Jacobian"""
    fault = expect(asked, *[_of(rng.normal(size=D), "log_det") for D in (1, 4)])
    return fault or log_det_of_map(asked, "forward", lambda D: Setting(_forward, _inverse), (1, 3), rng)


def far_out(asked, rng):
    """the log-det at |z| = 25 and 1000, where tanh z rounds to 1"""
    sizes = (rng.uniform(24, 26), 1000.0)
    return expect(asked, *[_of(onp.array([sign * z]), "log_det") for z in sizes for sign in (1, -1)])


def _forward(z):
    return onp.tanh(z), log_slopes(z).sum(axis=1)


def _inverse(x):
    return onp.arctanh(x), -onp.log1p(-(x**2)).sum(axis=1)


def _of(z, judged):
    l = log_slopes(z)
    with onp.errstate(all="ignore"):
        naive = onp.log(1 - onp.tanh(z) ** 2).sum()
        overflowing = (2 * (onp.log(2) - z - onp.log(1 + onp.exp(-2 * z)))).sum()
    slips = [
        slip(Mistake.SIGN, log_det=-l.sum()),
        slip("there is one logarithm for each variable, not their sum", "How many numbers for one point?", log_det=l),
        slip(Mistake.MEAN, "Look at one variable and at four: when do a mean and a sum agree?", log_det=l.mean()),
        slip("the factor 2 of equation (5) is missing", "What becomes of a square in a logarithm?", log_det=l.sum() / 2),
        slip(Mistake.NO_LOGARITHM, log_det=onp.exp(l.sum())),
        slip("1 - tanh(z)^2 rounds to 0 before its logarithm is taken", ROUNDING, log_det=naive),
        slip("e^(-2z) overflows before its logarithm is taken", ROUNDING, log_det=overflowing),
    ]  # fmt: skip
    answer = {"x": onp.tanh(z), "log_det": float(l.sum())}
    return Question((z,), answer, {"z": z}, slips, (judged,), size=f"D = {len(z)}" if len(z) > 1 else "")
