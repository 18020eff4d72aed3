"""Task 11.3, draw(mu, log_sigma, eps): the normal posterior (4), and its sign."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.question import Question, by_part, expect
from nfscratch.course.properties.ch11.normals import log_normal, log_q_slips

FOUR = "Put eps = 1, mu = 3 and log sigma = log 2 into z = mu + sigma eps."


def values(asked, rng):
    """z = mu + sigma eps, for 1, 2 and 5 variables"""
    return expect(asked, *[_of(rng, D, "z") for D in (2, 5, 1)])


def log_qs(asked, rng):
    """log q, which is the density of N(mu, sigma^2) at z"""
    return expect(asked, *[_of(rng, D, "log_q") for D in (2, 5, 1)])


def _of(rng, D, judged):
    mu, log_sigma, eps = rng.normal(size=D), 0.7 * rng.normal(size=D), rng.normal(size=D)
    sigma = onp.exp(log_sigma)
    z = mu + sigma * eps
    pairs = [
        ("sigma is log_sigma itself", FOUR, mu + log_sigma * eps),
        ("sigma is 1/e^log_sigma", FOUR, mu + eps / sigma),
        ("log_sigma is taken for the logarithm of the variance", FOUR, mu + onp.sqrt(sigma) * eps),
        ("sigma is squared", FOUR, mu + sigma**2 * eps),
        ("sigma is missing", FOUR, mu + eps),
        ("mu is missing", FOUR, sigma * eps),
        ("mu is subtracted", FOUR, sigma * eps - mu),
        ("the noise is subtracted", FOUR, mu - sigma * eps),
        ("mu is added before the scale", FOUR, sigma * (mu + eps)),
        ("it goes from z to eps, not from eps to z", FOUR, (eps - mu) / sigma),
        ("mu and log_sigma are exchanged", FOUR, log_sigma + onp.exp(mu) * eps),
        ("sigma is added, not multiplied with eps", FOUR, mu + sigma + eps),
        ("eps comes back", FOUR, eps),
        ("mu comes back, without noise", FOUR, mu),
    ]  # fmt: skip
    slips = [s for name, hint, value in pairs for s in by_part(name, hint, z=value)]
    slips += log_q_slips(eps, z, log_sigma)
    density = log_normal(z, mu, sigma)
    slips += by_part(
        "there is one number for each variable, not their sum", "How many numbers has one draw?", log_q=density
    )
    slips += by_part("sigma is subtracted, not its logarithm", FOUR, log_q=log_normal(eps).sum() - sigma.sum())
    shown = {"mu": mu, "log_sigma": log_sigma, "eps": eps}
    answer = {"z": z, "log_q": float(density.sum())}
    return Question((mu, log_sigma, eps), answer, shown, slips, (judged,), size=f"D = {D}")
