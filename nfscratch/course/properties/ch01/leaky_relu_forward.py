"""Task 1.3, leaky_relu_forward(z, a): two branches, each with its own slope. A variant changes the default of a."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.pair import Setting
from nfscratch.course.judging.pair import log_det as log_det_of_map
from nfscratch.course.judging.question import Question, expect, slip

BRANCHES = "Test a point below 0 and one above, each by itself."


def values(asked, rng):
    """both branches, with the slope that is given and with the one of the signature"""
    given = [_of(_both_signs(rng, D), rng.uniform(0.1, 0.6), "x") for D in (2, 5)]
    return expect(asked, _of(onp.array([-1.0]), asked.constants["slope"], "x", default=True), *given)


def log_det(asked, rng):
    """the log-det: some variables below 0, none, all, and one at 0; and against a numeric Jacobian"""
    a = rng.uniform(0.1, 0.6)
    points = [_both_signs(rng, D) for D in (2, 5)] + [onp.abs(rng.normal(size=3)), -onp.abs(rng.normal(size=3))]
    points += [onp.append(0.0, _both_signs(rng, 2))]
    fault = expect(asked, *[_of(z, a, "log_det", usual=asked.constants["slope"]) for z in points])
    return fault or log_det_of_map(asked, "forward", lambda D: _setting(a), (1, 3), rng)


def _both_signs(rng, D):
    z = onp.abs(rng.normal(size=D)) + 0.1
    z[: D // 2] *= -1
    return rng.permutation(z)


def _setting(a):
    def forward(z):
        return onp.where(z >= 0, z, a * z), (z < 0).sum(axis=1) * onp.log(a)

    def inverse(x):
        return onp.where(x >= 0, x, x / a), -(x < 0).sum(axis=1) * onp.log(a)

    return Setting(forward, inverse, (a,), f"a = {a:.3f}", smooth=False)


def _of(z, a, judged, default=False, usual=None):
    """usual: the slope of the signature."""
    below, l = int((z < 0).sum()), onp.where(z >= 0, 0.0, onp.log(a))
    slips = [
        slip("the branches are exchanged", "Which branch is the identity?", x=onp.where(z >= 0, a * z, z)),
        slip("below 0 it divides by the slope", "Which direction is that?", x=onp.where(z >= 0, z, z / a)),
        slip(Mistake.SIGN, log_det=-l.sum()),
        slip("the slopes are added up, not their logarithms", "Determinants multiply; what adds up?", log_det=onp.exp(l).sum()),
        slip(Mistake.NO_LOGARITHM, log_det=onp.exp(l.sum())),
        slip("there is one logarithm for each variable, not their sum", "How many numbers for one point?", log_det=l),
        slip("the slope is counted for every variable", BRANCHES, log_det=len(z) * onp.log(a)),
        slip("the slope is counted on the wrong branch", BRANCHES, log_det=(len(z) - below) * onp.log(a)),
        slip("the slope is counted once, however many variables are below 0", "Try two of them.", log_det=min(below, 1) * onp.log(a)),
        slip("at 0 the slope a is counted", "z >= 0: on which branch is 0?", log_det=float((z <= 0).sum() * onp.log(a))),
        slip("the slope of the signature is counted, not the one that is given", "What does a do in the signature?", log_det=below * onp.log(usual or a)),
        slip("the slope is counted twice", BRANCHES, log_det=2 * l.sum()),
        slip(Mistake.MEAN, "Look at one variable and at four: when do a mean and a sum agree?", log_det=l.mean()),
    ]  # fmt: skip
    answer = {"x": onp.where(z >= 0, z, a * z), "log_det": float(l.sum())}
    shown = {"z": z, "a (by default)" if default else "a": a}
    return Question((z,) if default else (z, a), answer, shown, slips, (judged,), size=f"D = {len(z)}")
