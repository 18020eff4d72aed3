"""Dopri5: Dormand and Prince's method of order 5, which chooses its steps by the error that it estimates.

    e   = h sum_i (b_i - b*_i) k_i                              against a second formula of order 4          (1)
    err = RMS of e / (atol + rtol max(|y|, |y'|))               over the S numbers of a system               (2)
    the step is taken where err <= 1;   next h = h min(10, max(0.2, 0.9 err^(-1/5)))                         (3)

Each of the N systems has its own t and h, so that its result does not depend on which others are solved beside it. All
of them are evaluated together until the last has arrived. A step that is refused is tried again with a smaller h, and
does not grow in the next try. The first h is Hairer's (Solving ODEs I, section II.4), from one more evaluation.

Where (3) would make a step more than ten times longer, as where the field is 0, the error says nothing about how fast
the field changes. Where a gradient is asked for, the next step is then an eighth of the way at most: the gradient of a
field of 0, as every field starts, is an integral over time of what the field could become, and this does change. The
solution is as good without, so a solve for values alone takes the long step.
Dormand and Prince 1980, doi:10.1016/0771-050X(80)90013-3.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import inf
from typing import Any

import autograd.numpy as np
import numpy as onp
from autograd.tracer import isbox

from nfscratch import validate
from nfscratch.autodiff import raw
from nfscratch.ode.right_side import RightSide, is_finite
from nfscratch.ode.solver import Solver
from nfscratch.ode.tableau import DORMAND_PRINCE, Step, step

SAFETY, SHRINK, GROW = 0.9, 0.2, 10.0
BLIND = 1 / 8  # of the way from t0 to t1: the longest step after one whose error says nothing
MOST_EVALUATIONS = 10**6
LEAST = 8  # eps: no tolerance is taken smaller, and 16 no step, for there rounding decides


@dataclass(frozen=True, eq=False)
class Dopri5(Solver):
    """rtol, atol: the error that a step may make, relative and absolute. In float32 at least 8 eps = 1e-6 counts.

    max_evaluations: of the field in one solve. Beyond, IntegrationError says at which t the slowest system stands.
    """

    rtol: float = 1e-5
    atol: float = 1e-5
    max_evaluations: int = 10_000

    def __post_init__(self):
        validate.factor("rtol", self.rtol)
        validate.factor("atol", self.atol)
        limit = validate.count("max_evaluations", self.max_evaluations, least=1, most=MOST_EVALUATIONS)
        object.__setattr__(self, "max_evaluations", limit)

    @property
    def accuracy(self) -> float:
        return 10.0 * max(self.rtol, self.atol)  # the errors of some steps add up

    @property
    def remedy(self) -> str:
        return (
            f"it may be stiff: raise max_evaluations, now {self.max_evaluations}, or loosen rtol and atol, now "
            f"{self.rtol:g} and {self.atol:g}, or regularise the field"
        )

    def march(self, rhs: RightSide, y: Any, t0: float, t1: float, together: bool = False) -> Iterator[Step]:
        sign, n = 1.0 if t1 >= t0 else -1.0, 1 if together else y.shape[-1]
        t, end = (onp.full_like(raw(y), time, shape=(n,)) for time in (t0, t1))
        if t0 == t1 or n == 0:
            return
        rhs.end = None if together else end
        first, grow = rhs(t, y), GROW
        h = self._first_step(rhs, t, y, first[0], sign, abs(t1 - t0))
        longest = BLIND * abs(t1 - t0) if rhs.for_gradient or isbox(first[0]) else inf
        while bool((t != end).any()):
            left = onp.abs(end - t)
            trial = onp.minimum(h, left)
            tried = step(DORMAND_PRINCE, rhs, t, y, sign * trial, first)
            error = self._size(tried.error(), y, tried.after, together)
            taken, h, grow = _judged(error, trial, grow, longest)
            self._check_step(rhs, t, h, left, taken, error)
            if bool(taken.any()):
                every = bool(taken.all())
                tried = tried if every else _partly(tried, taken)
                t = onp.where(taken, onp.where(trial == left, end, t + sign * trial), t)
                y, first = tried.after, tried.stages[-1] if every else None
                yield tried

    def _tolerances(self, dtype):
        least = LEAST * float(onp.finfo(dtype).eps)
        return max(self.rtol, least), max(self.atol, least)

    def _size(self, e, y, after, together):
        """(2), for each system, or the largest of all: (N,) or (1,)."""
        e, y, after = raw(e), raw(y), raw(after)
        rtol, atol = self._tolerances(y.dtype)
        with onp.errstate(all="ignore"):
            size = _rms(e / (atol + rtol * onp.maximum(onp.abs(y), onp.abs(after))))
        return _largest(size) if together else size

    def _first_step(self, rhs, t, y, k, sign, length):
        """Such that an Euler step would err by a hundredth of what is allowed."""
        if not is_finite(k):
            bad = ~onp.isfinite(_rms(raw(k)))
            rhs.fail("the field is NaN or infinite at the start", t, failing=None if rhs.end is None else bad)
        value, slope = raw(y), raw(k)
        rtol, atol = self._tolerances(value.dtype)
        scale = atol + rtol * onp.abs(value)
        y_size, k_size = (_each(_rms(a / scale), t) for a in (value, slope))
        small = (y_size < 1e-5) | (k_size < 1e-5)
        guess = onp.minimum(onp.where(small, 1e-6, 0.01 * y_size / onp.maximum(k_size, 1e-30)), length).astype(t.dtype)
        bend = _each(_rms((raw(rhs(t + sign * guess, y + sign * guess * k)[0]) - slope) / scale), t) / guess
        bend = onp.where(onp.isfinite(bend), bend, 1e30)
        steep = onp.maximum(onp.maximum(k_size, bend), 1e-15)
        return onp.minimum(onp.minimum(100 * guess, (0.01 / steep) ** 0.2), length).astype(t.dtype)

    def _check_step(self, rhs, t, h, left, taken, error):
        """A step so small that t does not move: the field has no finite value there, or is too steep."""
        least = 2 * LEAST * float(onp.finfo(t.dtype).eps) * onp.maximum(1.0, onp.abs(t))
        stuck = ~taken & (h < onp.minimum(least, left))
        if bool(stuck.any()):
            finite = is_finite(error[stuck])
            words = "the step size has fallen to nothing" if finite else "the field is NaN or infinite just ahead"
            remedy = rhs.remedy if finite else ""  # no tolerance makes NaN finite
            failing = None if rhs.end is None else stuck
            rhs.fail(f"{words} after {rhs.evaluations} evaluations", t[stuck], remedy, failing)


def _judged(error, trial, grow, longest):
    """(3): which systems take the step, the next h, and by how much the one after it may grow."""
    if is_finite(error):
        taken, factor = error <= 1.0, SAFETY * onp.maximum(error, 1e-12) ** -0.2
        h = trial * onp.clip(factor, SHRINK, grow)
        h = onp.where(factor > GROW, onp.minimum(h, longest).astype(h.dtype), h)
        return taken, h, onp.where(taken, GROW, 1.0).astype(h.dtype)
    good = onp.isfinite(error)  # nothing of such a step is used: an infinite stage would leave NaN in a gradient
    return onp.zeros_like(good), onp.where(good, trial, SHRINK * trial), grow


def _rms(a):
    """The root of the mean square of each system's numbers: (*event, N) -> (N,)."""
    return onp.sqrt(onp.mean(onp.square(a), axis=tuple(range(a.ndim - 1))))


def _each(size, t):
    """The sizes of all systems where each has its own t, else the largest."""
    return size if size.shape == t.shape else _largest(size)


def _largest(size):
    """(N,) -> (1,); 0 of none."""
    return onp.max(onp.concatenate((size, onp.zeros_like(size, shape=(1,)))), keepdims=True)


def _partly(tried, taken):
    """The step with the systems that do not take it where they were."""
    return replace(tried, after=np.where(taken, tried.after, tried.y), taken=taken)
