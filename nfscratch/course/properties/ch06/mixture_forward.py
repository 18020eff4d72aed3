"""Task 6.8, mixture_forward(z, log_pi, mu, s): equation (15), with 60 digits on the way, and far out."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal, localcontext

import numpy as onp

from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch06.pieces import DIGITS, differences

LOGIT, INNER = "What is the derivative of the logit?", "What is the derivative of (z - mu)/s?"


def values(asked, rng):
    """x by equation (15), for 2 and 4 components"""
    return expect(asked, *[_of(rng.normal(), *_mixture(rng, K), "x") for K in (2, 4, 4)])


def log_slope(asked, rng):
    """the log-slope: known, and against finite differences of the student's own map"""
    fault = expect(asked, *[_of(rng.normal(), *_mixture(rng, K), "log_slope") for K in (2, 4, 4)])
    return fault or expect(asked, _by_differences(asked, _of(rng.normal(), *_mixture(rng, 3), "log_slope")))


def far_out(asked, rng):
    """both numbers at |z| = 50 and 1000, where F rounds to 0 or 1"""
    places = [sign * z for z in (rng.uniform(45, 55), 1000.0) for sign in (1, -1)]
    return expect(asked, *[_of(z, *_mixture(rng, 3)) for z in places])


def _mixture(rng, K):
    weight = rng.uniform(0.5, 2, size=K)
    return onp.log(weight / weight.sum()), rng.normal(size=K), rng.uniform(0.3, 0.8, size=K)


def _by_differences(asked, question):
    z, *others = question.arguments
    rate = differences(lambda at: [a[0] for a in asked.many([(a, *others) for a in at])], [z])[0]
    return replace(question, answer={**question.answer, "log_slope": float(onp.log(rate))}, tolerance=1e-6)


def sums(z, log_pi, mu, s):
    """F, 1 - F and F', each as a Decimal."""
    with localcontext() as context:
        context.prec = DIGITS
        parts = []
        for one, centre, scale in zip(*(map(float, a) for a in (log_pi, mu, s)), strict=True):
            u, weight = (Decimal(z) - Decimal(centre)) / Decimal(scale), Decimal(one).exp()
            up, down = 1 / (1 + (-u).exp()), 1 / (1 + u.exp())
            parts.append((weight * up, weight * down, weight * up * down / Decimal(scale)))
        return [sum(column) for column in zip(*parts, strict=True)]


def _logs(z, log_pi, mu, s):
    with localcontext() as context:
        context.prec = DIGITS
        return [float(number.ln()) for number in sums(z, log_pi, mu, s)]


def _of(z, log_pi, mu, s, *judged):
    z = float(z)
    up, down, rise = _logs(z, log_pi, mu, s)
    u, pi = (z - mu) / s, onp.exp(log_pi)
    with onp.errstate(all="ignore"):
        sigma = 1 / (1 + onp.exp(-u))
        F = (pi * sigma).sum()
        naive = onp.log(F) - onp.log(1 - F)
        naive_slope = onp.log((pi * sigma * (1 - sigma) / s).sum()) - onp.log(F) - onp.log(1 - F)
    times = onp.log((pi * sigma * (1 - sigma) * s).sum())
    without = onp.log((pi * sigma * (1 - sigma)).sum())
    outside, equal = (pi * u).sum(), sigma.mean()
    slips = [
        slip("F rounds to 0 or 1 before its logarithm is taken", "Which intermediate number is no longer different from 0, or from 1?", x=naive, log_slope=naive_slope),
        slip("the logit is missing", "Where do the values of F lie?", x=onp.exp(up)),
        slip("it is log F, not the logit of F", "What does (15) subtract?", x=up, log_slope=rise - up),
        slip("the sign of the logit is flipped", "Does x rise with z?", x=down - up),
        slip("the weights are log_pi, not their exponentials", "Are all the weights positive?", x=onp.log(onp.abs((log_pi * sigma).sum())) - onp.log(onp.abs((log_pi * (1 - sigma)).sum()))),
        slip("the mean of the logits is taken, not the logit of the mean", "Which comes first in (15), the sum or the logit?", x=outside),
        slip("the weights are left out", "What does pi_k do in (15)?", x=onp.log(equal) - onp.log(1 - equal)),
        slip("z is multiplied by s, not divided", "What does a wide component do?", x=_logit((pi / (1 + onp.exp(-(z - mu) * s))).sum())),
        slip("the scale s is left out", "What does a wide component do?", x=_logit((pi / (1 + onp.exp(mu - z))).sum())),
        slip("mu is added, not subtracted", "Where is a component's centre?", x=_logit((pi / (1 + onp.exp(-(z + mu) / s))).sum())),
        slip("the inner derivative 1/s is missing", INNER, log_slope=without - up - down),
        slip("the inner derivative is s, not 1/s", INNER, log_slope=times - up - down),
        slip("the logit's slope is missing", LOGIT, log_slope=rise),
        slip("the logit's slope lacks 1/(1 - F)", LOGIT, log_slope=rise - up),
        slip("the logit's slope lacks 1/F", LOGIT, log_slope=rise - down),
        slip("F (1 - F) is multiplied, where it should divide", LOGIT, log_slope=rise + up + down),
        slip("it is the slope, not its logarithm", "What do log-dets add up?", log_slope=onp.exp(rise - up - down)),
        slip("the sign is flipped", "Does a slope above 1 spread points apart?", log_slope=up + down - rise),
    ]  # fmt: skip
    shown = {"z": z, "log_pi": log_pi, "mu": mu, "s": s}
    answer = {"x": up - down, "log_slope": rise - up - down}
    return Question((z, log_pi, mu, s), answer, shown, slips, judged, size=f"{len(mu)} components")


def _logit(F):
    with onp.errstate(all="ignore"):
        return onp.log(F) - onp.log(1 - F)
