"""Growth: whether |forward(z)| goes on growing beyond |z| = 1e3, at some scale. A companion of O.

It is asked where domain and codomain are all reals. In a user's functions |x| may stop growing beyond all draws, where
a search or a normal cdf ends: what stands still from |z| = 35 on is a mistake, unless it is beyond 35 by then.
"""

from __future__ import annotations

from functools import partial

import numpy as onp

from nfscratch.check.domains import bounded
from nfscratch.check.finding import Finding, Symptom
from nfscratch.check.guarded import kind_of, said
from nfscratch.check.judging import failing
from nfscratch.check.letters.out_of_reach import DRAWN, REACH
from nfscratch.check.refusal import is_refusal
from nfscratch.check.rows import flat
from nfscratch.check.trial import Trial

SIGN_AND_RANGE = "sign of det J, range"
ALL_REACHED = Finding("O", SIGN_AND_RANGE, 0.0, 0.0)
fails = partial(failing, "O", SIGN_AND_RANGE)


def rays(rng, shape, radii, dtype):
    """Random directions and the axes, at each radius: (R, M, *shape)."""
    dim = int(onp.prod(shape))
    drawn = rng.normal(size=(4, dim))
    directions = onp.concatenate([drawn / onp.linalg.norm(drawn, axis=1, keepdims=True), onp.eye(dim), -onp.eye(dim)])
    return onp.stack([r * directions.reshape(-1, *shape) for r in radii]).astype(dtype)


def check_growth(trial: Trial, rng: onp.random.Generator) -> Finding:
    """Whether |x| stands still along a ray, at every scale. A layer may shrink a variable by any factor."""
    s = trial.subject
    if bounded(s.codomain) or bounded(s.domain):
        return ALL_REACHED
    top = onp.log10(float(onp.finfo(s.dtype).max)) / 2
    directions, xs = rays(rng, s.in_shape, (2 * DRAWN, REACH, 1e3, 1e6, 10 ** (0.5 * top), 10**top), s.dtype), []
    for far in directions:
        try:
            xs.append(_sizes(trial, far))
        except Exception as error:  # of any kind: a search or a network that overflows so far out has not stood still
            return ALL_REACHED if is_refusal(error) else _raises(error, far)
    x_drawn, x_reach, x_near, *x_rest = xs
    still = onp.isfinite(x_near).all(axis=1) & onp.all([_stands_still(x_near, x_far) for x_far in x_rest], axis=0)
    if s.bijection is None:  # a user's search may end beyond all draws
        ends_far_out = (x_near.max(axis=1) >= REACH) & ~_stands_still(x_drawn, x_near)
        still &= _stands_still(x_reach, x_near) & ~ends_far_out
    return _bounded(directions[-1], x_near, xs[-1], int(onp.argmax(still))) if still.any() else ALL_REACHED


def _raises(error, z):
    words = said(error)
    evidence = {"raised": words, "raised_by": kind_of(error), "function": "forward"}
    return fails(f"forward raises {words}", Symptom.RAISES, "z", z, 0, **evidence)


def _sizes(trial, z):
    return onp.abs(flat(trial.apply("forward", z)[0]))


def _stands_still(x_near, x_far):
    with onp.errstate(all="ignore"):
        return onp.isfinite(x_far).all(axis=1) & ((x_far - x_near).max(axis=1) <= 1e-2 * (1 + x_near.max(axis=1)))


def _bounded(z, x_near, x_far, row):
    words = f"|x| is {x_far[row].max():.4g}, and {x_near[row].max():.4g} at |z| = 1000: it stops growing"
    return fails(words, Symptom.STOPS_GROWING, "z", z, row, yours=x_far[row], expected=onp.inf)
