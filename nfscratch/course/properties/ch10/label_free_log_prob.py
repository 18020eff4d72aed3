"""Task 10.5, label_free_log_prob(log_p, log_prior): (9), in densities that no float holds, too."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.question import Question, expect, slip

NINE = "Which sum stands in (9), and what stands in front of each term?"
FAR = "What is the largest term of the sum, and what is left of the others beside it?"
SHAPES = ((3,), (5, 2), (1, 4), (4, 3))


def values(asked, rng):
    """log p(x) for one point, and for rows of points"""
    return expect(asked, *[_of(rng, shape, 0.0) for shape in SHAPES])


def far_out(asked, rng):
    """the same for densities of e^-2000 and of e^2000, and for both in one batch"""
    return expect(asked, *[_of(rng, shape, by) for by in (-2000.0, 2000.0) for shape in SHAPES[:2]], _far_apart(rng))


def _far_apart(rng):
    """One row far below, one far above: a largest term for all rows leaves nothing of the first."""
    near, prior, moved = 1.5 * rng.normal(size=(2, 3)), rng.dirichlet(onp.full(3, 3.0)), onp.array([-2000.0, 2000.0])
    log_p, right = near + moved[:, None], onp.log(onp.exp(near) @ prior) + moved
    name = "one largest term is taken out of all rows"
    slips = [slip(name, "Of which row is the largest term?", log_p=onp.array([-onp.inf, right[1]]))]
    shown = {"log_p": log_p, "log_prior": onp.log(prior)}
    return Question((log_p, onp.log(prior)), {"log_p": right}, shown, slips, size="two rows far apart")


def _of(rng, shape, moved):
    near, prior = 1.5 * rng.normal(size=shape), rng.dirichlet(onp.full(shape[-1], 3.0))
    log_p, log_prior, K = near + moved, onp.log(prior), shape[-1]
    right = onp.log(onp.exp(near) @ prior) + moved
    joint = log_p + log_prior
    slips = [
        slip("e^(log p) is 0 or infinite in floats, and its logarithm is no number", FAR, log_p=onp.full(shape[:-1], moved * onp.inf) if moved else 0 * right),
        slip("the prior is missing", NINE, log_p=onp.log(onp.exp(near).sum(axis=-1)) + moved),
        slip("it is the mean over classes: the prior is not 1/K", NINE, log_p=onp.log(onp.exp(near).mean(axis=-1)) + moved),
        slip("the mean over classes is taken, not the sum", NINE, log_p=right - onp.log(K)),
        slip("the prior is divided by, not multiplied with", NINE, log_p=onp.log(onp.exp(near) @ (1 / prior)) + moved),
        slip("the prior itself is added to the logarithm", "What is log_prior the logarithm of?", log_p=onp.log(onp.exp(near) @ onp.exp(prior)) + moved),
        slip("the logarithms are added up, not the densities", NINE, log_p=joint.sum(axis=-1)),
        slip("the logarithms are averaged by the prior, not the densities", NINE, log_p=log_p @ prior),
        slip("it is the largest term, not the sum", NINE, log_p=joint.max(axis=-1)),
        slip("it is the largest log p(x | k), without a prior", NINE, log_p=log_p.max(axis=-1)),
        slip("it is the density, not its logarithm", "What does the docstring say comes back?", log_p=_exp(right)),
        slip("the largest term is taken out, and not added again", FAR, log_p=right - joint.max(axis=-1)),
        slip("the largest term is taken out, and not added again", FAR, log_p=right - log_p.max(axis=-1)),
        slip("the largest term is taken out, and subtracted again", FAR, log_p=right - 2 * joint.max(axis=-1)),
        slip("the sign is flipped", NINE, log_p=-right),
        slip("the terms stand for each class: they are not added up", NINE, log_p=joint),
    ]  # fmt: skip
    shown = {"log_p": log_p, "log_prior": log_prior}
    return Question((log_p, log_prior), {"log_p": right}, shown, slips, size=f"shape {shape}")


def _exp(a):
    with onp.errstate(all="ignore"):
        return onp.exp(a)
