"""Task 11.7, iwae_bound(log_w): what stands inside the expectation of (12), for weights that no float holds, too."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.question import Question, expect, slip

TWELVE = "In (12), which comes first: the mean, or the logarithm? And the mean of what?"
FAR = "What may you take out of a mean, so that its largest term is 1?"


def values(asked, rng):
    """the logarithm of the mean weight, for 1 to 40 weights"""
    return expect(asked, *[_of(1.5 * rng.normal(size=K), 0.0) for K in (3, 40, 1, 8)])


def far_out(asked, rng):
    """the same for weights of e^1000 and e^-1000, and where some weights are 0"""
    some = rng.normal(size=6)
    some[[1, 4]] = -onp.inf
    near = [(rng.normal(size=K), by) for by in (1000.0, -1000.0) for K in (5, 20)]
    return expect(asked, *[_of(log_w, by) for log_w, by in near], _of(some, 0.0))


def _of(near, moved):
    log_w, K = near + moved, len(near)
    w = onp.exp(near)
    right = float(onp.log(w.sum() / K)) + moved
    top = float(log_w.max())
    pairs = [
        ("e^(log w) is 0 or infinite in floats, and its logarithm is no number", FAR, moved * onp.inf if moved else right),
        ("the weights are added up, not averaged", TWELVE, right + onp.log(K)),
        ("log K is added, not subtracted", TWELVE, right + 2 * onp.log(K)),
        ("it is divided by K after the logarithm", TWELVE, (right + onp.log(K)) / K),
        ("it is the mean of the logarithms: the ELBO", TWELVE, log_w.mean()),
        ("it is the sum of the logarithms", TWELVE, log_w.sum()),
        ("it is the largest logarithm", TWELVE, top),
        ("it is the mean weight, without a logarithm", TWELVE, onp.nan if moved else w.mean()),
        ("the largest weight is taken out, and not put back", FAR, right - top),
        ("the largest weight is taken out, and put back with the wrong sign", FAR, right - 2 * top),
        ("the largest weight is put back twice", FAR, right + top),
        ("the sign is flipped", TWELVE, -right),
        ("it is the logarithm of the median", TWELVE, float(onp.median(log_w))),
        ("it is half the logarithm of the mean of the squares", TWELVE, 0.5 * float(onp.log((w**2).mean())) + moved),
        ("it is divided by K - 1", TWELVE, right + onp.log(K / (K - 1)) if K > 1 else right),
        ("the smallest logarithm comes back", TWELVE, float(log_w.min())),
        ("it is the logarithm of the mean of log w", TWELVE, _log(log_w.mean())),
    ]  # fmt: skip
    slips = [slip(name, hint, bound=value) for name, hint, value in pairs if not onp.isnan(value)]
    return Question((log_w,), {"bound": right}, {"log_w": log_w}, slips, size=f"K = {K}")


def _log(a):
    with onp.errstate(all="ignore"):
        return float(onp.log(a))
