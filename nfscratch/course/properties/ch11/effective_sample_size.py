"""Task 11.8, effective_sample_size(log_w): equation (13), which does not change if all weights are multiplied."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.question import Question, expect, slip

THIRTEEN = "What is (13) for three equal weights, and what for one weight beside zeros?"
FAR = "Does (13) change if all weights are multiplied by the same number?"


def values(asked, rng):
    """(13), for 2 to 40 weights"""
    return expect(asked, *[_of(1.2 * rng.normal(size=n)) for n in (3, 40, 8, 2)])


def known(asked, rng):
    """n for n equal weights, and the number of the weights that are not 0"""
    zeros = onp.where(onp.arange(7) % 3 == 0, -onp.inf, 0.7)
    return expect(asked, _of(onp.full(5, float(rng.normal()))), _of(zeros))


def far_out(asked, rng):
    """the same for weights of e^1000 and e^-1000"""
    return expect(asked, *[_of(1.2 * rng.normal(size=n), by) for by in (1000.0, -1000.0) for n in (6, 15)])


def _of(near, moved=0.0):
    n, w = len(near), onp.exp(near)
    shares = w / w.sum()
    right = 1 / float((shares**2).sum())
    pairs = [
        ("it is the share of the draws that is left, not their number", THIRTEEN, right / n),
        ("it is the inverse of (13)", THIRTEEN, 1 / right),
        ("it is multiplied by n", THIRTEEN, right * n),
        ("the weights are not divided by their sum", THIRTEEN, 1 / (w**2).sum()),
        ("the weights are not divided by their sum", THIRTEEN, w.max() ** 2 / (w**2).sum()),
        ("the sum above is not squared", THIRTEEN, w.sum() / (w**2).sum()),
        ("the sum above is not squared", THIRTEEN, (w / w.max()).sum() / ((w / w.max()) ** 2).sum()),
        ("the weights below are not squared", THIRTEEN, w.sum()),
        ("the weights below are not squared", THIRTEEN, w.sum() / w.max()),
        ("above and below stands the same: it is always 1", THIRTEEN, 1.0),
        ("the number of the draws comes back", THIRTEEN, float(n)),
        ("it is the root of (13)", THIRTEEN, onp.sqrt(right)),
        ("the mean above is squared, not the sum", THIRTEEN, right / n**2),
        ("it is e^(entropy), another measure of the same", THIRTEEN, float(onp.exp(-(shares * onp.log(onp.maximum(shares, 1e-300))).sum()))),
        ("it is the logarithm of (13)", THIRTEEN, onp.log(right)),
    ]  # fmt: skip
    if onp.isfinite(near).all():
        log_w = near + moved
        pairs.append(
            ("log w stands where w belongs", "What is log_w the logarithm of?", log_w.sum() ** 2 / (log_w**2).sum())
        )
    pairs.append(("e^(log w) is 0 or infinite in floats, and the ratio is no number", FAR, onp.nan if moved else right))
    slips = [slip(name, hint, n_eff=value) for name, hint, value in pairs]
    return Question((near + moved,), {"n_eff": right}, {"log_w": near + moved}, slips, size=f"n = {n}")
