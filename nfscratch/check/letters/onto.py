"""O: the sign of det J never changes, and every x of the codomain is reached, and no other.

within    forward(z) lies in the codomain, also for z near the ends of a domain; rounding may put it on an end
sign      det J(z) > 0 everywhere or < 0 everywhere: a change means that the map folds, unless x jumps there
reach     x at 10, 100, 1000 from the origin: inverse gives a z whose forward is that x, or far out an InversionError
          (a user's own function may refuse in other words). The same points are carried into the codomain where that
          is an interval. A z beyond an end of the domain means that forward does not reach that x
growth    |forward(z)| goes on growing beyond |z| = 1e3: growth.py
"""

from __future__ import annotations

import numpy as onp

from nfscratch.check.domains import bounded, flat_ends, free_variables, inside, into, within_reach, words_of_ends
from nfscratch.check.finding import Finding, Symptom
from nfscratch.check.guarded import said
from nfscratch.check.judging import first_failure, point
from nfscratch.check.letters.growth import ALL_REACHED, check_growth, fails, rays
from nfscratch.check.letters.jacobian import log_abs_det
from nfscratch.check.letters.out_of_reach import fall_short, is_beyond_normal
from nfscratch.check.overflow import overflows
from nfscratch.check.refusal import is_refusal
from nfscratch.check.rows import finite_matrices, flat, inverse_norm, largest, nearest
from nfscratch.check.trial import Trial
from nfscratch.check.units import in_units
from nfscratch.ode import IntegrationError
from nfscratch.ops.roots import InversionError

WITHIN = (1.0, 3.0, 10.0)  # radii that are carried into an interval
SEARCH_MAY_DECLINE = 100.0  # from this radius on a search may say in words that it does not get there
HALVINGS = 12  # to 1/4000 of the way: within reach of finite differences no sign is to be trusted
JUMPS = 30.0
DIGITS = 1e-6  # of an x that is reached: how many of them come back is R's affair
ROUGHLY = 1e-2  # where z lies so far out that a normal cdf has no digits, or few


def check_onto(trial: Trial, rng: onp.random.Generator) -> Finding:
    """O."""
    looks = [lambda: _leaves(trial), lambda: _leaves_near_ends(trial, rng), lambda: check_sign(trial)]
    if trial.subject.codomain_known:
        looks += [lambda: _far_out(trial, rng), lambda: check_growth(trial, rng)]
    return first_failure(looks, ALL_REACHED)


# --- within ---


def _leaves(trial):
    """An x beyond an end of the codomain, by more than rounding or a stated accuracy."""
    ends, x = flat_ends(trial.subject.codomain), flat(trial.x)
    bad = _beyond(trial, ends, x)
    if not bad.any():
        return None
    row = nearest(bad, trial.z)
    words = f"x leaves the codomain {words_of_ends(ends)}"
    return fails(words, Symptom.LEAVES, "z", trial.z, row, yours=x[row], expected=onp.clip(x[row], *ends))


def _leaves_near_ends(trial, rng):
    """The same at z nearer to the ends of a domain than the points of the trial lie."""
    s = trial.subject
    if not (bounded(s.domain) and bounded(s.codomain)):
        return None
    near = into(s.domain, rays(rng, s.in_shape, WITHIN, s.dtype)).reshape(-1, *s.in_shape)
    try:
        return _leaves(Trial(s, near))
    except Exception:  # of any kind: E asks for the ends
        return None


def _beyond(trial, ends, points):
    """Rows with a number beyond an end, by more than rounding or a stated accuracy."""
    low, high = (end + side * _room(trial, end) for end, side in zip(flat_ends(ends), (-1, 1), strict=True))
    points = flat(points)
    return ((points < low) | (points > high)).any(axis=1)


def _room(trial, end):
    return max(1e-5, 64 * trial.subject.precision) * _size(end)


def _size(end):
    """Of an end, at least 1; 0 of an infinite one, which stays where it is."""
    return onp.where(onp.isfinite(end), onp.maximum(1.0, onp.abs(end)), 0.0)


# --- sign ---


def check_sign(trial: Trial) -> Finding:
    """The sign of det J at the rows where it can be told."""
    sign = _signs(trial)
    if not ((sign > 0).any() and (sign < 0).any()):
        return ALL_REACHED
    rare = 1.0 if (sign > 0).sum() < (sign < 0).sum() else -1.0
    row, other = nearest(sign == rare, trial.z), nearest(sign == -rare, trial.z)
    if _jumps_between(trial, row, other, rare):
        return ALL_REACHED
    words = f"det J has the sign {rare:+.0f}, and {-rare:+.0f} at {point('z', trial.z, other)}: the map folds,"
    yours, expected = float(onp.linalg.det(trial.J[row])), float(onp.linalg.det(trial.J[other]))
    return fails(words, Symptom.SIGN, "z", trial.z, row, yours=yours, expected=expected)


def _jumps_between(trial, row, other, sign):
    """Whether x jumps where the sign changes on the way from one row to the other: a map that is cut need not fold."""
    ends = onp.stack([trial.z[row], trial.z[other]]).astype(onp.float64)
    try:
        for _ in range(HALVINGS):
            middle = ends.mean(axis=0)
            J = trial.derivatives("forward", middle[None], [row])[0]
            ends[int(onp.sign(onp.linalg.det(J[0])) != sign)] = middle
        ends = ends + 0.5 * (ends - ends[::-1])  # on both sides, for the same reason
        x = flat(trial.apply("forward", ends.astype(trial.subject.dtype), [row, row])[0])
    except Exception:  # of any kind: the points between are none that it takes
        return False
    step, slope = onp.abs(ends[1] - ends[0]).max(), onp.abs(trial.J[[row, other]]).sum(axis=(1, 2)).max()
    return bool(onp.abs(x[1] - x[0]).max() > JUMPS * max(1.0, slope) * step)


def _signs(trial):
    """+1, -1, or 0 where finite differences cannot tell."""
    J, spread, _, _ = trial.numeric
    _, allowed = log_abs_det(J, spread, onp.zeros(len(trial)), trial)
    good = finite_matrices(J) & (allowed < 0.5) & trial.usable
    return onp.where(good, onp.linalg.slogdet(onp.where(good[:, None, None], J, onp.eye(J.shape[2])))[0], 0.0)


# --- reach ---


def _far_out(trial, rng):
    s = trial.subject
    free = free_variables(s.codomain, s.dim)
    radii = (1.0, 10.0, 100.0, 1000.0) if free.any() else WITHIN
    drawn = within_reach(s.codomain, rays(rng, s.out_shape, radii, s.dtype), max(WITHIN))
    points = in_units(trial, into(s.codomain, drawn)).astype(s.dtype)
    for r, x in zip(radii, points, strict=True):
        z = None
        try:
            z = trial.apply("inverse", x)[0]
            missed = _outside(trial, z, x) or _missed(trial, z, x, r) or _lost(trial, z, x, r)
        except Exception as error:  # of any kind: the subject's own, of inverse or of forward at its z
            if r >= SEARCH_MAY_DECLINE and _declines(s, error):
                return ALL_REACHED
            if z is not None or not isinstance(error, (ValueError, ArithmeticError, IndexError)):
                raise
            return fails(f"inverse raises {said(error)}", Symptom.RAISES, "x", x, 0)
        if missed is not None:
            return missed
    return ALL_REACHED


def _declines(s, error):
    """Whether a search says that it does not get there; a user's own function may refuse an x that no draw reaches."""
    return isinstance(error, (InversionError, IntegrationError)) or (s.bijection is None and is_refusal(error))


def _outside(trial, z, x):
    """An inverse beyond an end of the domain, and forward of that end is not x: forward does not reach x.

    The domain of a flow is where its base has its density: beyond, a sound map goes on.
    """
    ends, bad = flat_ends(trial.subject.domain), _beyond(trial, trial.subject.domain, z)
    if trial.subject.base_log_prob is not None or not bad.any():
        return None
    bad &= _apart_at_end(trial, z, x)
    row = int(onp.argmax(bad))
    words = f"inverse gives z = {flat(z)[row].round(3).tolist()}, outside of the domain {words_of_ends(ends)},"
    numbers = {"z": flat(z), "yours": flat(z)[row], "expected": onp.clip(flat(z)[row], *ends)}
    return fails(words, Symptom.REACH, "x", x, row, **numbers) if bad.any() else None


def _apart_at_end(trial, z, x):
    """Rows where forward, at the z of the domain that is nearest to this one, is not x."""
    ends = zip(trial.subject.domain, (1, -1), strict=True)
    low, high = (end + side * 1e-9 * _size(end) for end, side in ends)
    near = onp.clip(z, low, high).astype(z.dtype)
    there = Trial(trial.subject, near).x
    return largest(there - x) > max(1e-4, 64 * trial.subject.precision) * onp.maximum(1.0, largest(x))


def _missed(trial, z, x, r):
    """forward(z) is not x, at a row where rounding does not explain it. It may put z on an end of its interval."""
    held = inside(trial.subject.domain, z) | ~onp.isfinite(flat(z)).all(axis=1)
    middle = into(trial.subject.domain, onp.zeros_like(z))
    there = Trial(trial.subject, onp.where(held.reshape(-1, *[1] * (z.ndim - 1)), z, middle))
    with onp.errstate(all="ignore"):
        error = largest(there.x - x)
        allowed = there.allowed_x + there.allowed * largest(x)
    bad = held & onp.isfinite(allowed) & (allowed < 0.1 * r) & _known(there)
    bad &= ~(error <= onp.maximum(allowed, DIGITS * onp.maximum(1.0, largest(x))))
    bad &= ~fall_short(there, x) & ~(is_beyond_normal(there) & (error <= ROUGHLY * largest(x)))
    if not bad.any():
        return None
    row = int(onp.argmax(bad))
    words = f"inverse gives z = {flat(z)[row].round(3).tolist()}, and forward of that is not x,"
    numbers = {"z": flat(z), "yours": flat(there.x)[row], "expected": flat(x)[row]}
    return fails(words, Symptom.REACH, "x", x, row, **numbers)


def _lost(trial, z, x, r):
    """An inverse that is not finite, near by or well within the codomain, with no overflow to excuse it."""
    lost = ~onp.isfinite(flat(z)).all(axis=1)
    near = 3.0 if bounded(trial.subject.codomain) else 10.0
    if not lost.any() or r > near or overflows(trial, x, "inverse").any():
        return None
    return fails("inverse is not finite", Symptom.REACH, "x", x, int(onp.argmax(lost)), z=flat(z))


def _known(trial):
    """Rows whose conditioning finite differences can tell: z off the ends of its interval, J not a guess."""
    low, high = trial.subject.domain
    J, error, _, _ = trial.numeric
    with onp.errstate(all="ignore"):
        guess = ~(inverse_norm(J) * error.sum(axis=(1, 2)) < 0.5)
    return inside((low + 4e-6, high - 4e-6), trial.z) & ~guess
