"""Task 11.2, conjugate_elbo(m, s, x): the ELBO (2) of the worked example, against an expectation by Gauss and Hermite."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch11.normals import expected, log_normal

PARTS = "Write log p(x, z) - log q(z) as the likelihood's part and log p(z) - log q(z). What is the mean of each?"
MEAN = "What is E(x - z)^2 for z ~ N(m, s^2)?"
BOUND = "For the posterior, N(x/2, 1/2), the ELBO is log p(x). What does yours give?"


def values(asked, rng):
    """the ELBO of a normal, for four observations"""
    cases = [(float(rng.normal()), float(rng.uniform(0.4, 1.5)), x) for x in (1.0, -0.7, 2.3, 0.4)]
    return expect(asked, *[_of(*case) for case in cases])


def tight(asked, rng):
    """log p(x) for the posterior itself, and less for every other normal"""
    cases = [(x / 2, float(onp.sqrt(0.5)), x) for x in (1.0, float(rng.uniform(1.5, 3)))]
    return expect(asked, *[_of(*case) for case in cases])


def _of(m, s, x):
    right = expected(lambda z: log_normal(x, z) + log_normal(z) - log_normal(z, m, s), m, s)
    seen = -0.5 * onp.log(2 * onp.pi) - 0.5 * ((x - m) ** 2 + s**2)
    kl = right - seen  # minus the divergence from the prior
    evidence = float(log_normal(x, 0.0, onp.sqrt(2)))
    from_q = expected(lambda z: log_normal(z), m, s)
    other = expected(lambda z: log_normal(z) - log_normal(z, m, s), 0.0, 1.0)
    constant = 0.5 * onp.log(2 * onp.pi)
    pairs = [
        ("the divergence is added, not subtracted", PARTS, seen - kl),
        ("the divergence is missing", PARTS, seen),
        ("the likelihood's part is missing", PARTS, kl),
        ("the divergence is the other one, KL(prior || q)", PARTS, seen - other),
        ("log 2 pi / 2 is missing", PARTS, right + constant),
        ("log 2 pi / 2 is subtracted once too often", PARTS, right - constant),
        ("log 2 pi / 2 has a plus", PARTS, right + 2 * constant),
        ("the likelihood is taken at m: s^2 is missing", MEAN, right + 0.5 * s**2),
        ("s stands where s^2 belongs", MEAN, right + 0.5 * s**2 - 0.5 * s),
        ("s^2 is subtracted from the square, not added", MEAN, right + s**2),
        ("the 1/2 in front of the squares is missing", PARTS, right - 0.5 * ((x - m) ** 2 + s**2)),
        ("the 1/2 stands in front of the first square alone", PARTS, right - 0.5 * s**2),
        ("the squares have a plus", PARTS, right + (x - m) ** 2 + s**2),
        ("x - m is not squared", MEAN, right + 0.5 * (x - m) ** 2 - 0.5 * (x - m)),
        ("m is added to x, not subtracted", MEAN, right + 0.5 * (x - m) ** 2 - 0.5 * (x + m) ** 2),
        ("m is left out of the square", MEAN, right + 0.5 * (x - m) ** 2 - 0.5 * x**2),
        ("x is left out: the observation is 1", "What is the default of x for?", right + 0.5 * (x - m) ** 2 - 0.5 * (1 - m) ** 2),
        ("it is minus the divergence from the posterior: log p(x) is missing", BOUND, right - evidence),
        ("it is log p(x), whatever q is", BOUND, evidence),
        ("the sign is flipped: it is a loss", BOUND, -right),
        ("log q is missing: it is the mean of log p(x, z)", PARTS, seen + from_q),
        ("the divergence counts twice", PARTS, right + kl),
        ("the divergence counts half", PARTS, right - kl / 2),
        ("the likelihood's part has the variance s^2, not 1", "Which noise has the observation?", kl + expected(lambda z: log_normal(x, z, s), m, s)),
        ("the divergence is that of N(m, s) with the variance s", "What does kl_gaussians want, a standard deviation or a variance?", seen + _kl_from_prior(m, onp.sqrt(s))),
        ("the divergence is that of N(m, s^2) with s^2 given as the standard deviation", "What does kl_gaussians want, a standard deviation or a variance?", seen + _kl_from_prior(m, s**2)),
        ("it is e^ELBO", BOUND, onp.exp(right)),
    ]  # fmt: skip
    slips = [slip(name, hint, ELBO=value) for name, hint, value in pairs]
    return Question((m, s, x), {"ELBO": right}, {"m": m, "s": s, "x": x}, slips, size=f"x = {x:.3g}")


def _kl_from_prior(m, s):
    return expected(lambda z: log_normal(z) - log_normal(z, m, s), m, s)
