"""Task 5.3, maf_inverse(x, net): equations (5) and (7). The network is a function, and stays with the checks."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.pair import own_log_det
from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch05.ordered import Net

DIMS = (1, 2, 5)
EQUATION = "Put the numbers of the worked example into (5)."
SCALE = "What is s the logarithm of?"


def undoes(asked, rng):
    """inverse(forward(z)) = z, for D = 1, 2 and 5 and orders that are not the natural one"""
    return expect(asked, *[_of(rng, D, "z") for D in DIMS])


def log_det(asked, rng):
    """the log-det against the known one, and against a numeric Jacobian"""
    fault = expect(asked, *[_of(rng, D, "log_det") for D in DIMS])
    return fault or own_log_det(asked, rng.normal(size=(2, 3)), (Net(rng, 3).at,))


def _of(rng, D, judged):
    net, z = Net(rng, D), rng.normal(size=D)
    x = net.forward(z)
    mu, s = net(x)
    mean = "Look at D = 2 and D = 5: when do a mean and a sum agree?"
    slips = [
        slip("it divides before it subtracts", EQUATION, z=x * onp.exp(-s) - mu),
        slip(Mistake.MULTIPLIES, z=(x - mu) * onp.exp(s)),
        slip(Mistake.SHIFT_NOT_UNDONE, z=x * onp.exp(-s)),
        slip(Mistake.SHIFT_NOT_UNDONE, z=(x + mu) * onp.exp(-s)),
        slip(Mistake.SCALE_NOT_UNDONE, z=x - mu),
        slip(Mistake.APPLIES_FORWARD, z=mu + onp.exp(s) * x),
        slip("it divides by s, not by e^s", SCALE, z=(x - mu) / s),
        slip("s is taken for the logarithm of the variance", SCALE, z=(x - mu) * onp.exp(-s / 2)),
        slip("the log-det is halved", "How often does each log-scale count?", log_det=-s.sum() / 2),
        slip("the scale is e^(2 s)", SCALE, z=(x - mu) * onp.exp(-2 * s)),
        slip("the log-det is doubled", "How often does each log-scale count?", log_det=-2 * s.sum()),
        slip("z has its sign flipped", EQUATION, z=-z),
        slip("mu and s are exchanged", "In which order does net return them?", z=(x - s) * onp.exp(-mu), log_det=-mu.sum()),
        slip("the network is asked at z, not at x", "Which of the two is given?", z=_asked_at_z(net, x)),
        slip("the network is asked at 0, not at x", "What do mu and sigma depend on, in (5)?", z=(x - net(0 * x)[0]) * onp.exp(-net(0 * x)[1])),
        slip(Mistake.RETURNS_ARGUMENT, EQUATION, z=x),
        slip(Mistake.NOT_NEGATED, log_det=s.sum()),
        slip("there is one log-scale for each variable, not their sum", "How many numbers for one point?", log_det=-s),
        slip("there is one log-scale for each variable, not their sum", "How many numbers for one point?", log_det=s),
        slip(Mistake.EXP_SUMMED, log_det=-onp.exp(s).sum()),
        slip(Mistake.EXP_SUMMED, log_det=onp.exp(-s).sum()),
        slip(Mistake.MEAN, mean, log_det=-s.mean()),
        slip(Mistake.ABSOLUTE_SUMMED, log_det=-onp.abs(s).sum()),
        slip(Mistake.NO_LOGARITHM, log_det=onp.exp(-s.sum())),
        slip(Mistake.ALWAYS_ZERO, log_det=0.0),
        slip("it is minus the sum of the means", "Which entries stand on the diagonal of (6)?", log_det=-mu.sum()),
    ]  # fmt: skip
    shown = {"x": x, "mu(x)": mu, "s(x)": s}
    return Question((x, net.at), {"z": z, "log_det": -float(s.sum())}, shown, slips, (judged,), size=f"D = {D}")


def _asked_at_z(net, x):
    """The loop of (4), turned round: every mean is taken from what was found so far."""
    z = onp.zeros_like(x)
    for i in net.order:
        mu, s = net(z)
        z[i] = (x[i] - mu[i]) * onp.exp(-s[i])
    return z
