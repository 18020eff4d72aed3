"""Task 11.4, gradient_of_draw(g_joint, log_sigma, eps): equation (6), against complex steps through the draw."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.question import Question, expect, slip

CHAIN = "z = mu + sigma eps. What is its derivative by mu, and by log sigma?"
ENTROPY = "log q contains log sigma. With which sign, and which sign has log q in (2)?"


def by_mu(asked, rng):
    """the derivative by mu, for 1, 2 and 5 variables"""
    return expect(asked, *[_of(rng, D, "d_mu") for D in (2, 5, 1)])


def by_log_sigma(asked, rng):
    """the derivative by log sigma, through the draw and through log q"""
    return expect(asked, *[_of(rng, D, "d_log_sigma") for D in (2, 5, 1)])


def _numeric(g, log_sigma, eps):
    """Of g . z - log q, which has the gradient g of log p."""

    def share(mu, log_sigma):
        return g @ (mu + onp.exp(log_sigma) * eps) + log_sigma.sum()

    mu, steps = onp.zeros(len(g)), 1e-30j * onp.eye(len(g))
    return [onp.array([share(mu + a * e, log_sigma + b * e).imag / 1e-30 for e in steps]) for a, b in ((1, 0), (0, 1))]


def _of(rng, D, judged):
    g, log_sigma, eps = rng.normal(size=D), 0.7 * rng.normal(size=D), rng.normal(size=D)
    d_mu, d_log_sigma = _numeric(g, log_sigma, eps)
    sigma = onp.exp(log_sigma)
    through = g * sigma * eps
    pairs = [
        ("the sign is flipped: it descends", CHAIN, -g),
        ("it is multiplied by sigma", CHAIN, g * sigma),
        ("it is divided by sigma", CHAIN, g / sigma),
        ("it is multiplied by eps", CHAIN, g * eps),
        ("it is multiplied by sigma eps, which belongs to log sigma", CHAIN, through),
        ("log q is said to depend on mu through z: -eps/sigma is added", "Does log q of (4) depend on mu?", g - eps / sigma),
        ("log q is said to depend on mu through z: eps/sigma is added", "Does log q of (4) depend on mu?", g + eps / sigma),
        ("eps is added", "Does log q of (4) depend on mu?", g + eps),
        ("1 is added", "Does log q of (4) depend on mu?", g + 1),
        ("it is summed over the variables", "How many derivatives are there?", g.sum()),
        ("the derivative by log sigma stands where that by mu belongs", CHAIN, d_log_sigma),
        ("it is zero", CHAIN, 0 * g),
    ]  # fmt: skip
    slips = [slip(name, hint, d_mu=value) for name, hint, value in pairs]
    pairs = [
        ("the 1 of log q is missing", ENTROPY, through),
        ("1 is subtracted, not added", ENTROPY, through - 1),
        ("the first term has its sign flipped", CHAIN, 1 - through),
        ("the sign is flipped: it descends", CHAIN, -d_log_sigma),
        ("sigma is missing: it is the derivative of mu + eps", CHAIN, g * eps + 1),
        ("eps is missing", CHAIN, g * sigma + 1),
        ("sigma and eps are missing", CHAIN, g + 1),
        ("the derivative of log p is missing", CHAIN, sigma * eps + 1),
        ("log_sigma stands where sigma belongs", CHAIN, g * log_sigma * eps + 1),
        ("sigma is squared", CHAIN, g * sigma**2 * eps + 1),
        ("it is divided by sigma, not multiplied", CHAIN, g / sigma * eps + 1),
        ("log_sigma is taken for the logarithm of the variance", CHAIN, 0.5 * g * onp.sqrt(sigma) * eps + 0.5),
        ("it is the derivative by sigma, not by log sigma", CHAIN, g * eps + 1 / sigma),
        ("the 1 of log q is 1/sigma, which is the derivative by sigma", ENTROPY, through + 1 / sigma),
        ("the 1 of log q is sigma", ENTROPY, through + sigma),
        ("the 1 of log q is log sigma", ENTROPY, through + log_sigma),
        ("the 1 of log q is D", "Which of the log-sigmas does one entry differentiate by?", through + D),
        ("the 1 of log q is 1/D", "Which of the log-sigmas does one entry differentiate by?", through + 1 / D),
        ("the 1 of log q is 1/2", ENTROPY, through + 0.5),
        ("the 1 stands inside of the product", ENTROPY, g * (sigma * eps + 1)),
        ("the 1 stands inside of the product", ENTROPY, g * sigma * (eps + 1)),
        ("eps is squared", CHAIN, g * sigma * eps**2 + 1),
        ("it is summed over the variables", "How many derivatives are there?", d_log_sigma.sum()),
        ("the derivative by mu stands where that by log sigma belongs", CHAIN, g),
        ("the square of the noise is said to depend on sigma", "Does log N(eps; 0, I) depend on sigma?", through + 1 - eps**2),
        ("the square of the noise is said to depend on sigma", "Does log N(eps; 0, I) depend on sigma?", through + eps**2),
        ("the square of the noise is said to depend on sigma", "Does log N(eps; 0, I) depend on sigma?", through + 1 + eps**2),
    ]  # fmt: skip
    slips += [slip(name, hint, d_log_sigma=value) for name, hint, value in pairs]
    shown = {"g_joint": g, "log_sigma": log_sigma, "eps": eps}
    answer = {"d_mu": d_mu, "d_log_sigma": d_log_sigma}
    return Question((g, log_sigma, eps), answer, shown, slips, (judged,), size=f"D = {D}")
