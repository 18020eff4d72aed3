"""Task 10.6, class_posterior(log_p, log_prior): Bayes' rule (8)."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.fault import Fault
from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.judging.shown import shown

EIGHT = "Write (8) for two classes of the same density. What is left?"
SUM = "Over what do the probabilities p(k | x) add up to 1?"
SHAPES = ((3,), (5, 2), (3, 4))


def values(asked, rng):
    """log p(k | x) for one point, and for rows of points"""
    return expect(asked, *[_of(rng, shape, 0.0) for shape in SHAPES])


def sums(asked, rng):
    """the probabilities of the classes, which add up to 1 for each point"""
    log_p, prior = rng.normal(size=(6, 3)), rng.dirichlet([2.0, 3.0, 4.0])
    total = onp.exp(onp.asarray(asked(log_p, onp.log(prior)), dtype=float)).sum(axis=-1)
    if onp.shape(total) == (6,) and onp.allclose(total, 1):
        return None
    return Fault("the probabilities do not add up to 1", (f"      the sums for six points: {shown(total)}",), SUM)


def far_out(asked, rng):
    """the same for densities of e^-2000 and of e^2000"""
    return expect(asked, *[_of(rng, shape, by) for by in (-2000.0, 2000.0) for shape in SHAPES[:2]])


def _log_sum(a, axis=-1):
    top = a.max(axis=axis, keepdims=True)
    return top + onp.log(onp.exp(a - top).sum(axis=axis, keepdims=True))


def _of(rng, shape, moved):
    near, prior = 1.5 * rng.normal(size=shape), rng.dirichlet(onp.full(shape[-1], 3.0))
    log_p, log_prior = near + moved, onp.log(prior)
    joint, of_rows = near * 1.0 + log_prior, onp.exp(near) * prior
    right = onp.log(of_rows / of_rows.sum(axis=-1, keepdims=True))
    slips = [
        slip("log p(x) is not subtracted", EIGHT, log_posterior=joint + moved),
        slip("log p(x) is added, not subtracted", EIGHT, log_posterior=joint + _log_sum(joint) + 2 * moved),
        slip("the prior is missing in front of p(x | k)", EIGHT, log_posterior=near - _log_sum(joint)),
        slip("the prior is missing", EIGHT, log_posterior=near - _log_sum(near)),
        slip("the prior is missing in p(x)", EIGHT, log_posterior=joint - _log_sum(near)),
        slip("the prior is subtracted", EIGHT, log_posterior=near - log_prior - _log_sum(joint)),
        slip("the prior is subtracted, in p(x) too", EIGHT, log_posterior=near - log_prior - _log_sum(near - log_prior)),
        slip("the prior counts twice", EIGHT, log_posterior=right + log_prior),
        slip("the prior itself is added to the logarithm", "What is log_prior the logarithm of?", log_posterior=near + prior - _log_sum(near + prior)),
        slip("p(x | k) is missing", EIGHT, log_posterior=log_prior - _log_sum(joint) - moved),
        slip("it is the probability, not its logarithm", "What does the docstring say comes back?", log_posterior=onp.exp(right)),
        slip("the sign is flipped", EIGHT, log_posterior=-right),
        slip("the largest term is subtracted, not the log of the sum", SUM, log_posterior=joint - joint.max(axis=-1, keepdims=True)),
        slip("the mean over classes is subtracted, not the sum", SUM, log_posterior=right + onp.log(shape[-1])),
        slip("the logarithms are divided, not subtracted", EIGHT, log_posterior=(joint + moved) / (_log_sum(joint) + moved)),
        slip("it is log p(x), for every class", EIGHT, log_posterior=0 * joint + _log_sum(joint) + moved),
        slip("it is log p(x), not the posterior", EIGHT, log_posterior=_log_sum(joint)[..., 0] + moved),
        slip("it is the most probable class", "What does the docstring say comes back?", log_posterior=onp.argmax(joint, axis=-1)),
    ]  # fmt: skip
    if len(shape) == 2:
        slips += [
            slip(
                "it is normalised over the points, not over the classes", SUM, log_posterior=joint - _log_sum(joint, 0)
            ),
            slip("it is normalised over all points and classes", SUM, log_posterior=joint - _log_sum(joint.ravel())),
        ]
    shown_as = {"log_p": log_p, "log_prior": log_prior}
    return Question((log_p, log_prior), {"log_posterior": right}, shown_as, slips, size=f"shape {shape}")
