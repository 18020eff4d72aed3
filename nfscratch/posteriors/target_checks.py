"""What three points show of a log_prob before it is fitted: rows that are mixed, and a gradient that is wrong.

A gradient of the user's own is compared with a difference quotient along one direction d at each point,

    d . grad log p(x)     and     (log p(x + h d) - log p(x - h d)) / 2h                                           (1)

for a large and a small h. It is refused if neither is near at any point: rounding spoils the small h, a narrow density
the large one.
"""

from __future__ import annotations

import numpy as onp

from nfscratch import backend
from nfscratch.posteriors.target import listed_point
from nfscratch.posteriors.unbounded import Unbounded

WIDTHS = (1.0, 4.0, 16.0)  # of the boxes about 0 in which the three points lie
STEPS = (1e-2, 1e-4)  # h of (1), relative to |x| and at least to 1
NEAR = 0.05  # relative distance of the two numbers (1)
WITH_AUTOGRAD = (
    "write it with autograd.numpy (import autograd.numpy as np), or give the gradient too: has_grad=True or "
    "log_prob_vjp="
)


def check_function(unbounded: Unbounded) -> None:
    """Refuse a log_prob that mixes its rows, or that has no gradient or a wrong one. One line for each fault."""
    rng = onp.random.default_rng(0)
    target, y = unbounded.target, rng.uniform(-1.0, 1.0, (3, unbounded.dim)) * onp.array(WIDTHS)[:, None]
    x = unbounded.x(y)
    with onp.errstate(all="ignore"):
        log_p = _host(target.value(x))
        _check_rows(target, x, log_p)
        slope = _slope(target, x)
        _check_slope(unbounded, y, x, log_p, slope)
        if target.has_grad or target.log_prob_vjp is not None:
            _check_against_quotients(target, x, log_p, slope, rng)


def _check_rows(target, x, log_p):
    alone = _host(target.value(x[:1]))
    if onp.isfinite(log_p[0]) and not onp.allclose(alone[0], log_p[0], rtol=1e-3, atol=1e-6):
        raise ValueError(
            f"log_prob must treat each row of x by itself; a row gives {alone[0]:.6g} alone and {log_p[0]:.6g} among "
            f"{len(x)} rows"
        )


def _slope(target, x):
    try:
        return _host(target.vjp(x)[1](onp.ones_like(x, shape=(len(x),))))
    except (TypeError, ValueError, AttributeError, NotImplementedError) as error:
        raise TypeError(
            f"log_prob cannot be differentiated ({type(error).__name__}: {' '.join(str(error).split())[:80]}); "
            f"{WITH_AUTOGRAD}"
        ) from error


def _check_slope(unbounded, y, x, log_p, slope):
    """It may be 0 everywhere if log_prob is constant on a bounded set: then the constraints alone have a slope."""
    good = onp.isfinite(log_p)
    if slope.shape == tuple(x.shape) and (not good.any() or slope[good].any()):
        return
    constant = good.all() and onp.ptp(log_p) == 0.0
    if slope.shape == tuple(x.shape) and constant and unbounded.both(y)[1].any(axis=0).all():
        return
    raise ValueError(
        f"the gradient of log_prob must not be 0; got zeros at x = {listed_point(x[0])}: log_prob does not depend "
        f"on x there, or in a way that autograd does not see; {WITH_AUTOGRAD}"
    )


def _check_against_quotients(target, x, log_p, slope, rng):
    """Equation (1)."""
    size = onp.maximum(onp.abs(_host(x)), 1.0)
    d = rng.choice([-1.0, 1.0], size.shape) * size
    own = (slope * d).sum(axis=1)
    quotients = onp.array([_quotient(target, x, d, h) for h in STEPS])
    rounding = 100.0 * onp.finfo(x.dtype).eps * onp.abs(log_p) / onp.array(STEPS)[:, None]
    known = onp.isfinite(quotients) & onp.isfinite(own)
    wrong = onp.abs(quotients - own) > NEAR * onp.maximum(onp.abs(own), onp.abs(quotients)) + rounding
    if known.any() and wrong[known].all():
        h, i = onp.argwhere(known)[0]
        raise ValueError(
            f"the gradient of log_prob must be its derivative; at x = {listed_point(x[i])} it says "
            f"{own[i]:.4g} along a direction, and a difference quotient of log_prob says {quotients[h, i]:.4g}"
        )


def _quotient(target, x, d, h):
    move = backend.asarray(h * d, dtype=x.dtype, like=x)
    return (_host(target.value(x + move)) - _host(target.value(x - move))) / (2.0 * h)


def _host(a):
    return onp.asarray(backend.to_numpy(a), dtype=onp.float64)
