"""O: the sign of det J never changes, and every x is reached.

sign      det J(z) > 0 everywhere or < 0 everywhere: a change means that the map folds
reach     x at 10, 100, 1000 from the origin: inverse gives a z whose forward is that x, or far out an InversionError
growth    |forward(z)| goes on growing beyond |z| = 1e3, at some scale, unless a codomain is declared
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as onp

from nfscratch.check.finding import Finding
from nfscratch.check.intervals import bounded, inside, into
from nfscratch.check.laws import log_abs_det, point
from nfscratch.check.looks import failing, first_failure
from nfscratch.check.trial import Trial, flat, inverse_norm, largest
from nfscratch.ops.roots import InversionError

WHAT = "sign of det J, range"
NOTHING = Finding("O", WHAT, 0.0, 0.0)
_fails = partial(failing, "O", WHAT)


def check_onto(trial: Trial, rng: onp.random.Generator) -> Finding:
    """O."""
    looks = [lambda: check_sign(trial)]
    if trial.subject.bijection is None or trial.subject.bijection.codomain is not None:  # None: what it reaches is open
        looks += [lambda: _far_out(trial, rng), lambda: check_growth(trial, rng)]
    return first_failure(looks, NOTHING)


def check_sign(trial):
    J, spread, _, _ = trial.numeric
    _, allowed = log_abs_det(J, spread, onp.zeros(len(trial)), trial)
    good = onp.isfinite(J).all(axis=(1, 2)) & (allowed < 0.5) & trial.usable
    sign = onp.linalg.slogdet(onp.where(good[:, None, None], J, onp.eye(J.shape[2])))[0]
    sign = onp.where(good, sign, 0.0)
    if not ((sign > 0).any() and (sign < 0).any()):
        return NOTHING
    rare = 1.0 if (sign > 0).sum() < (sign < 0).sum() else -1.0
    row = int(onp.argmin(onp.where(sign == rare, largest(trial.z), onp.inf)))
    other = int(onp.argmin(onp.where(sign == -rare, largest(trial.z), onp.inf)))
    words = f"det J has the sign {rare:+.0f}, and {-rare:+.0f} at {point('z', trial.z, other)}: the map folds,"
    yours, expected = float(onp.linalg.det(J[row])), float(onp.linalg.det(J[other]))
    return _fails(words, "sign", "z", trial.z, row, yours=yours, expected=expected)


def _rays(rng, shape, radii, single):
    """Random directions and the axes, at each radius: (R, M, *shape)."""
    dim = int(onp.prod(shape))
    drawn = rng.normal(size=(4, dim))
    directions = onp.concatenate([drawn / onp.linalg.norm(drawn, axis=1, keepdims=True), onp.eye(dim), -onp.eye(dim)])
    return onp.stack([r * directions.reshape(-1, *shape) for r in radii]).astype(single)


def _far_out(trial, rng):
    s = trial.subject
    limited = bounded(s.codomain)
    radii = (1.0, 3.0, 10.0) if limited else (1.0, 10.0, 100.0, 1000.0)
    rays = into(s.codomain, _rays(rng, s.out_shape, radii, s.dtype))
    for r, x in zip(radii, rays, strict=True):
        try:
            z = trial.apply("inverse", x)[0]
        except (ValueError, ArithmeticError, IndexError) as error:
            if isinstance(error, InversionError) and r >= 100.0:
                return NOTHING  # so far out a search may decline in words
            return _fails(f"inverse raises {type(error).__name__}: {error}", "raises", "x", x, 0)
        with onp.errstate(all="ignore"):
            there = Trial(s, z)
            error = largest(there.x - x)
            allowed = there.allowed_x + there.allowed * largest(x)
        honest = onp.isfinite(allowed) & (allowed < 0.1 * r) & _known(there)
        bad = honest & ~(error <= allowed)
        if bad.any():
            row = int(onp.argmax(bad))
            words = f"inverse gives z = {flat(z)[row].round(3).tolist()}, and forward of that is not x,"
            return _fails(words, "reach", "x", x, row, z=flat(z), yours=flat(there.x)[row], expected=flat(x)[row])
        lost = ~onp.isfinite(z).reshape(len(z), -1).all(axis=1)
        if lost.any() and r <= 10.0 and not limited and not _overflows(trial, x, "inverse"):
            return _fails("inverse is not finite", "reach", "x", x, int(onp.argmax(lost)), z=flat(z))
    return NOTHING


def _known(trial):
    """Rows that finite differences can tell the conditioning of: z off the ends of its interval, J not a guess."""
    low, high = trial.subject.domain
    J, error, _, _ = trial.numeric
    with onp.errstate(all="ignore"):
        guess = ~(inverse_norm(J) * error.sum(axis=(1, 2)) < 0.5)
    return inside((low + 4e-6, high - 4e-6), trial.z) & ~guess


def _overflows(trial: Trial, points: Any, direction: str) -> bool:
    """Whether results grow beyond the square root of the largest number on the way out to `points`."""
    return overflows(trial, points, direction).any()


def overflows(trial: Trial, points: Any, direction: str) -> Any:
    """For each row: is a result that is not finite an honest overflow? Then it was huge a little before."""
    huge = onp.zeros(len(points), dtype=bool)
    limit = float(onp.finfo(trial.subject.dtype).max) ** 0.4
    for k in range(1, 40):
        try:
            y = flat(trial.apply(direction, (points * 0.8**k).astype(trial.subject.dtype))[0])
        except (ValueError, ArithmeticError, IndexError):
            continue
        huge |= (onp.isfinite(y) & (onp.abs(y) > limit)).any(axis=1)
    return huge


def check_growth(trial, rng):
    s = trial.subject
    if bounded(s.codomain) or bounded(s.domain):
        return NOTHING
    # A layer may shrink a variable by any factor, so that only what stands still at every scale is bounded.
    top = onp.log10(float(onp.finfo(s.dtype).max)) / 2
    near, *rest = _rays(rng, s.in_shape, (1e3, 1e6, 10 ** (0.5 * top), 10**top), s.dtype)
    x_near = onp.abs(flat(trial.apply("forward", near)[0]))
    still = onp.isfinite(x_near).all(axis=1)
    for far in rest:
        try:
            x_far = onp.abs(flat(trial.apply("forward", far)[0]))
        except (ValueError, ArithmeticError):  # a search that overflows so far out has not stood still
            return NOTHING
        with onp.errstate(all="ignore"):
            still &= onp.isfinite(x_far).all(axis=1) & ((x_far - x_near).max(axis=1) <= 1e-2 * (1 + x_near.max(axis=1)))
    if not still.any():
        return NOTHING
    row = int(onp.argmax(still))
    words = f"|x| is {x_far[row].max():.4g}, and {x_near[row].max():.4g} at |z| = 1000: it stops growing"
    return _fails(words, "bounded", "z", far, row, yours=x_far[row], expected=onp.inf)
