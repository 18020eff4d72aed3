"""Growth: whether |forward(z)| goes on growing beyond |z| = 1e3, at some scale. A companion of O.

It is asked of the variables without an end, where there are any in domain and codomain; the others stay in the middle
of their intervals. In a user's functions |x| may stop growing beyond all draws, where a search or a normal cdf ends:
what stands still from |z| = 35 on is a mistake, unless it is beyond 35 by then, and one and the same number from there
on. 50 tanh(z / 10) comes close to its end, and is not at it.
"""

from __future__ import annotations

from functools import partial

import numpy as onp

from nfscratch.check.domains import free_variables, into, out_of
from nfscratch.check.finding import Finding, Symptom
from nfscratch.check.guarded import kind_of, said
from nfscratch.check.judging import failing
from nfscratch.check.letters.out_of_reach import DRAWN, REACH
from nfscratch.check.refusal import is_refusal
from nfscratch.check.rows import flat
from nfscratch.check.trial import Trial

SIGN_AND_RANGE = "sign of det J, range"
SAME = 1e-9  # of a number
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
    free_z, free_x = (free_variables(ends, s.dim) for ends in (s.domain, s.codomain))
    if not (free_z.any() and free_x.any()):
        return ALL_REACHED
    top = onp.log10(float(onp.finfo(s.dtype).max)) / 2
    directions, xs = rays(rng, s.in_shape, (2 * DRAWN, REACH, 1e3, 1e6, 10 ** (0.5 * top), 10**top), s.dtype), []
    directions = _along(directions, free_z)
    for far in directions:
        try:
            xs.append(_sizes(trial, far))
        except Exception as error:  # of any kind: a search or a network that overflows so far out has not stood still
            return ALL_REACHED if is_refusal(error) else _raises(error, into(s.domain, far))
    x_drawn, x_reach, x_near, *x_rest = xs
    still = onp.isfinite(x_near).all(axis=1) & onp.all([_stands_still(x_near, x_far) for x_far in x_rest], axis=0)
    if s.bijection is None:  # a user's search may end beyond all draws
        ends_far_out = (x_near.max(axis=1) >= REACH) & ~_stands_still(x_drawn, x_near) & _is_at_end(x_reach, x_near)
        still &= _stands_still(x_reach, x_near) & ~ends_far_out
    if not still.any():
        return ALL_REACHED
    return _bounded(into(s.domain, directions[-1]), x_near[:, free_x], xs[-1][:, free_x], int(onp.argmax(still)))


def _along(directions, free):
    """The rays that some free variable follows, with those that have an end at 0, the middle of the real line."""
    rows = directions.reshape(*directions.shape[:2], -1) * free
    return rows.reshape(directions.shape)[:, rows.any(axis=(0, 2))]


def _raises(error, z):
    words = said(error)
    evidence = {"raised": words, "raised_by": kind_of(error), "function": "forward"}
    return fails(f"forward raises {words}", Symptom.RAISES, "z", z, 0, **evidence)


def _sizes(trial, a):
    """(M, D): of x, where a variable with an end is carried to the real line, as the usual map does."""
    s = trial.subject
    x = trial.apply("forward", into(s.domain, a).astype(s.dtype))[0]
    return onp.abs(flat(out_of(s.codomain, x)))


def _is_at_end(x_near, x_far):
    """Where |x| is one number from there on: a search, a clamp or a normal cdf ends; a smooth function still moves."""
    with onp.errstate(all="ignore"):
        return (onp.abs(x_far - x_near) <= SAME * (1 + x_near)).all(axis=1)


def _stands_still(x_near, x_far):
    with onp.errstate(all="ignore"):
        return onp.isfinite(x_far).all(axis=1) & ((x_far - x_near).max(axis=1) <= 1e-2 * (1 + x_near.max(axis=1)))


def _bounded(z, x_near, x_far, row):
    words = f"|x| is {x_far[row].max():.4g}, and {x_near[row].max():.4g} at |z| = 1000: it stops growing"
    return fails(words, Symptom.STOPS_GROWING, "z", z, row, yours=x_far[row], expected=onp.inf)
