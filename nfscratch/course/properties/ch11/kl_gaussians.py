"""Task 11.1, kl_gaussians(m, s, m2, s2): equation (5), against the mean of log q - log p by Gauss and Hermite."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch11.normals import expected, log_normal

FIVE = "Compare the terms with (5), one after the other. All of them vanish together for q = p."
ORDER = "Which of the two normals is averaged over?"
SUM = "Look at D = 2 and D = 5: when do a mean and a sum agree?"


def values(asked, rng):
    """the divergence of normals of 1, 2 and 5 variables"""
    return expect(asked, *[_of(rng, D) for D in (2, 5, 1)])


def known(asked, rng):
    """0 between equal normals, and the numbers of a standard normal"""
    m, s = rng.normal(size=3), rng.uniform(0.5, 2, size=3)
    return expect(
        asked, _question((m, s, m.copy(), s.copy()), ()), _question((m, s, 0.0, 1.0), _slips(m, s, 0 * m, 0 * s + 1))
    )


def _of(rng, D):
    m, m2 = rng.normal(size=(2, D))
    s, s2 = rng.uniform(0.5, 2, size=(2, D))
    return _question((m, s, m2, s2), _slips(m, s, m2, s2))


def _question(arguments, slips):
    m, s, m2, s2 = arguments
    each = zip(*(onp.broadcast_to(a, m.shape) for a in arguments), strict=True)
    right = sum(expected(lambda z: log_normal(z, a, b) - log_normal(z, a2, b2), a, b) for a, b, a2, b2 in each)  # noqa: B023
    shown = {"m": m, "s": s, "m2": m2, "s2": s2}
    return Question(arguments, {"KL": right}, shown, slips, size=f"D = {len(m)}")


def _slips(m, s, m2, s2):
    D, log, spread, apart = len(m), onp.log(s2 / s), s**2 / (2 * s2**2), (m - m2) ** 2 / (2 * s2**2)
    terms = log + spread + apart - 0.5
    other = -log + (s2**2 + (m - m2) ** 2) / (2 * s**2) - 0.5
    pairs = [
        ("it is the other divergence, KL(p || q)", ORDER, other),
        ("the logarithm is flipped: s stands above s2", FIVE, terms - 2 * log),
        ("the logarithm is missing", FIVE, terms - log),
        ("the ratio stands where its logarithm belongs", FIVE, terms - log + s2 / s),
        ("the logarithm is that of the variances", FIVE, terms + log),
        ("the logarithm has a factor 1/2", FIVE, terms - log / 2),
        ("the 1/2 at the end is missing", FIVE, terms + 0.5),
        ("the 1/2 at the end is added", FIVE, terms + 1),
        ("1 is subtracted at the end, not 1/2", FIVE, terms - 0.5),
        ("the 2 below the squares is missing", FIVE, terms + spread + apart),
        ("it is divided by s2, not by its square", FIVE, terms + (spread + apart) * (s2 - 1)),
        ("it is divided by the variance of q, not of p", FIVE, terms - spread - apart + (s**2 + (m - m2) ** 2) / (2 * s**2)),
        ("the 2 below the squares is squared too", FIVE, terms - (spread + apart) / 2),
        ("s is not squared", FIVE, terms - spread + s / (2 * s2**2)),
        ("the variance of p stands above, that of q is missing", FIVE, terms - spread + 0.5),
        ("the distance of the means is not squared", FIVE, terms - apart + (m - m2) / (2 * s2**2)),
        ("the distance of the means is not squared", FIVE, terms - apart + onp.abs(m - m2) / (2 * s2**2)),
        ("the means are added, not subtracted", FIVE, terms - apart + (m + m2) ** 2 / (2 * s2**2)),
        ("the means are left out", FIVE, terms - apart),
        ("the variance of q is left out", FIVE, terms - spread),
        ("s^2 is subtracted, not added", FIVE, terms - 2 * spread),
        ("the distance of the means is subtracted, not added", FIVE, terms - 2 * apart),
        ("the distance of the means is not divided by the variance of p", FIVE, terms - apart + (m - m2) ** 2 / 2),
        ("only the distance of the means is divided by the variance of p", FIVE, terms - spread + s**2),
        ("s and s2 are taken for variances", "What are s and s2 in the docstring?", 0.5 * log + (s + (m - m2) ** 2) / (2 * s2) - 0.5),
        ("it is twice the divergence", FIVE, 2 * terms),
        ("it is half the divergence", FIVE, terms / 2),
        ("the sign is flipped", FIVE, -terms),
        ("it is the mean of both divergences", ORDER, (terms + other) / 2),
        ("it is the sum of both divergences", ORDER, terms + other),
    ]  # fmt: skip
    return [
        *(slip(name, hint, KL=value.sum()) for name, hint, value in pairs),
        slip("there is one number for each variable, not their sum", "How many numbers has one divergence?", KL=terms),
        slip("it is the mean over the variables, not the sum", SUM, KL=terms.mean()),
        slip("the 1/2 at the end is subtracted once, not for each variable", SUM, KL=terms.sum() + 0.5 * (D - 1)),
        slip("it is e^KL", FIVE, KL=onp.exp(terms.sum())),
    ]
