"""Task 14.5, bits_back(prior, likelihood, q, x): equation (5), for a z of K values."""

from __future__ import annotations

import math

import numpy as onp

from nfscratch.course.judging.question import Question, expect, slip

FIVE = "Three terms: the bits of x given z, those of z, and those that come back."
AXES = "Which axis of likelihood counts the values of z?"
SIZES = ((3, 3), (2, 4), (5, 3), (1, 2))  # K and X


def values(asked, rng):
    """the net bits for 1 to 5 values of z, and any q"""
    return expect(asked, *[_of(rng, *size) for size in SIZES])


def posterior(asked, rng):
    """with the exact posterior it is -log2 p(x)"""
    return expect(asked, *[_of(rng, *size, exact=True) for size in SIZES[:3]])


def _of(rng, K, X, exact=False):
    prior, likelihood, x = (
        rng.dirichlet(2 * onp.ones(K)),
        rng.dirichlet(2 * onp.ones(X), size=K),
        int(rng.integers(1, X)),
    )
    of_x = likelihood[:, x]
    evidence = float(prior @ of_x)
    q = prior * of_x / evidence if exact else rng.dirichlet(2 * onp.ones(K))
    log = onp.log2
    right = (
        -math.log2(evidence) if exact else float(sum(q[z] * math.log2(q[z] / (of_x[z] * prior[z])) for z in range(K)))
    )
    square = K == X

    def of_other(row):
        return q @ (log(q) - log(row) - log(prior)) if square else math.inf

    terms = {"x given z": -log(of_x), "z": -log(prior)}
    paid = q @ (terms["x given z"] + terms["z"])
    back = -q @ log(q)
    slips = [
        slip("nothing comes back: the term of q is missing", FIVE, bits=paid),
        slip("the term of q is paid, too: its sign is flipped", FIVE, bits=paid + back),
        slip("the bits of z are missing", FIVE, bits=q @ terms["x given z"] - back),
        slip("the bits of x given z are missing: it is the KL", FIVE, bits=q @ terms["z"] - back),
        slip("only the bits of x given z are counted", FIVE, bits=q @ terms["x given z"]),
        slip("only the bits of z are counted", FIVE, bits=q @ terms["z"]),
        slip("the bits of z come back, and q is paid", FIVE, bits=q @ (terms["x given z"] - terms["z"]) + back),
        slip("the bits of z have the wrong sign", FIVE, bits=q @ (terms["x given z"] - terms["z"]) - back),
        slip("the bits of x given z have the wrong sign", FIVE, bits=q @ (terms["z"] - terms["x given z"]) - back),
        slip("the sign is flipped: it is the ELBO", "Is a length positive?", bits=-right),
        slip("it is in nats", "Which logarithm counts bits?", bits=right * math.log(2)),
        slip("it is the ELBO in nats", "Which logarithm counts bits?", bits=-right * math.log(2)),
        slip("it is multiplied by log 2, not divided", "Which logarithm counts bits?", bits=right * math.log(2) ** 2),
        slip("it is -log2 p(x), whatever q is", "What if q is not the posterior?", bits=-math.log2(evidence)),
        slip("the mean runs over the prior, not over q", "From which law does (5) draw z?", bits=prior @ (log(q) - log(of_x) - log(prior))),
        slip("the terms are summed over z without the weights q", "What does E_q mean for K values?", bits=(log(q) - log(of_x) - log(prior)).sum()),
        slip("the terms are averaged over z without the weights q", "What does E_q mean for K values?", bits=(log(q) - log(of_x) - log(prior)).mean()),
        slip("the logarithms are taken of the means, not the means of the logarithms", "Which stands outside in (5), E or log?", bits=-log(q @ of_x) - log(q @ prior) + log(q @ q)),
        slip("the row of x is taken from likelihood, not its column", AXES, bits=of_other(likelihood[x] if square else of_x)),
        slip("the neighbouring column of likelihood is taken", AXES, bits=float(q @ (log(q) - log(likelihood[:, x - 1]) - log(prior)))),
        slip("there is one number for each z, not their mean", "What does E_q mean for K values?", bits=log(q) - log(of_x) - log(prior)),
        slip("there is one number for each z, not their mean", "What does E_q mean for K values?", bits=q * (log(q) - log(of_x) - log(prior))),
    ]  # fmt: skip
    shown = {"prior": prior, "likelihood of x": of_x, "q": q}
    return Question((prior, likelihood, q, x), {"bits": right}, shown, slips, size=f"K = {K}")
