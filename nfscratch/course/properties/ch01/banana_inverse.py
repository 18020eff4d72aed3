"""Task 1.5, banana_inverse(x, b): equation (7) solved for z."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.pair import Setting
from nfscratch.course.judging.pair import log_det as log_det_of_map
from nfscratch.course.judging.question import Question, expect, slip

DEFAULT = 0.03


def undoes(asked, rng):
    """inverse(forward(z)) = z, with the default b and with others"""
    return expect(asked, *[_of(rng, b, "z") for b in (None, *rng.uniform(0.01, 0.08, size=3))])


def log_det(asked, rng):
    """the log-det against the known one, and against a numeric Jacobian"""
    fault = expect(asked, *[_of(rng, b, "log_det") for b in (None, rng.uniform(0.01, 0.08))])
    setting = _setting(rng.uniform(0.01, 0.08))
    return fault or log_det_of_map(asked, "inverse", lambda D: setting, (2,), rng)


def _setting(b):
    def forward(z):
        x1 = 10 * z[:, 0]
        return onp.stack([x1, z[:, 1] + b * (x1**2 - 100)], axis=1), onp.full(len(z), onp.log(10))

    def inverse(x):
        return onp.stack([x[:, 0] / 10, x[:, 1] - b * (x[:, 0] ** 2 - 100)], axis=1), onp.full(len(x), -onp.log(10))

    return Setting(forward, inverse, (b,), f"b = {b:.4f}")


def _of(rng, given, judged):
    b = DEFAULT if given is None else float(given)
    z = 0.5 + rng.uniform(0.2, 1, size=2) * onp.array([1, -1])
    bend = b * (100 * z[0] ** 2 - 100)
    x = onp.array([10 * z[0], z[1] + bend])

    def at(z1, z2):
        return onp.array([z1, z2])

    slips = [
        slip("the first variable is not divided", "What does the first line of (7) do to z_1?", z=at(x[0], z[1])),
        slip("the first variable is multiplied again", "What undoes a multiplication?", z=at(10 * x[0], z[1])),
        slip("the bend is added a second time", "Equation (7) adds it on the way forward.", z=at(z[0], x[1] + bend)),
        slip("the bend is not undone", "One of two steps is undone.", z=at(z[0], x[1])),
        slip("the bend is computed from z_1, not from x_1", "Which stands in (7)?", z=at(z[0], x[1] - b * (z[0] ** 2 - 100))),
        slip("the 100 of (7) is missing", "Where does z = (1, z_2) go?", z=at(z[0], x[1] - b * x[0] ** 2)),
        slip("the default of b is used, not the b that is given", "What does b do in the signature?",
             z=at(z[0], x[1] - DEFAULT * (x[0] ** 2 - 100))),
        slip(Mistake.NOT_NEGATED, log_det=onp.log(10)),
        slip("log 10 is counted twice, for both variables", "How does the second variable stretch?", log_det=-2 * onp.log(10)),
        slip(Mistake.NO_LOGARITHM, log_det=0.1),
        slip(Mistake.ALWAYS_ZERO, "det J is 10 on the way forward; what is it on the way back?", log_det=0.0),
    ]  # fmt: skip
    arguments = (x,) if given is None else (x, b)
    shown = {"x": x, "b (by default)" if given is None else "b": b}
    return Question(arguments, {"z": z, "log_det": -onp.log(10)}, shown, slips, (judged,))
