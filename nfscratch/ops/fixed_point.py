"""The solution of z + F(z) = x for a contraction F: by fixed-point iteration, or with Anderson acceleration.

    g(z) = x - F(z),    r(z) = g(z) - z                        z is the solution where r = 0                  (1)
    fixed point         z <- g(z)                              |r| shrinks by L = Lip(F) at least             (2)
    Anderson            z <- g(z) - sum_i a_i dG_i             dG_i, dR_i: differences of the last M values   (3)
                        a = argmin |r(z) - sum_i a_i dR_i|     of g(z) and of r(z)
    stop                max|r| <= tolerance max(1, |x|, |z|)   in every column; the error in z is <= |r| / (1 - L)
    answer              g(z) of the best z: beside an entry of 1e20 the small entries of z may not have moved yet (4)

(2) needs log(1e-15) / log(L) steps: 50 at L = 1/2, 1134 at L = 0.97. (3) uses the last values to guess where the
iteration ends, as a secant does, and usually needs 10 to 40 (Anderson 1965; Walker and Ni 2011, doi:10.1137/10078356X).
It carries no guarantee of its own. So where its residual is twice the best one so far, the column goes back to the best
z and takes a step (2) from there, which cannot fail for a contraction.

Columns are independent: x (D, N), and those that are done drop out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as onp

from nfscratch import backend
from nfscratch.ops.identity import identity
from nfscratch.ops.roots import ROUNDING, InversionError

METHODS = ("anderson", "fixed point")
MEMORY = 6  # M of (3)
PATIENCE = 30  # steps without a better residual, after which rounding is to blame


@dataclass(frozen=True)
class Solution:
    """z (D, N); the largest relative residual; how many times F was called."""

    z: Any
    residual: float
    calls: int


def solve_fixed_point(
    F: Callable[[Any, Any], Any],
    x: Any,
    method: str = "anderson",
    tolerance: float | None = None,
    max_calls: int = 2000,
) -> Solution:
    """z with z + F(z) = x for every column of x (D, N). F(z, where): z (D, n), of the columns `where`; None: all.

    tolerance: of the relative residual; default 8 eps. InversionError, with the residual, where it is not reached: F
    is then no contraction, or max_calls is too few for it.
    """
    eps = float(onp.finfo(x.dtype).eps)
    tolerance = 8 * eps if tolerance is None else tolerance
    if x.shape[1] == 0:
        return Solution(x, 0.0, 0)
    search = _Search(F, x, 0 if method == "fixed point" else MEMORY)
    for calls in range(1, max_calls + 1):
        search.look(calls)
        if search.finished(tolerance, max(tolerance, ROUNDING * eps), calls):
            return Solution(search.answer, search.worst, calls)
        search.step()
    raise search.error(f"stopped after {max_calls} steps", ~search.done)


class _Search:
    """The columns that are not done: where they are, the best of each so far, and the last differences."""

    def __init__(self, F, x, memory):
        self.F, self.x, self.memory = F, x, memory
        self.answer, self.where, self.worst = onp.empty_like(x), None, 0.0
        self.z = self.best = x
        self.least = onp.full_like(x, onp.inf, shape=x.shape[1:])  # the best residual,
        self.since = onp.zeros_like(x, shape=x.shape[1:])  # and the call that gave it
        self.done = self.least < 0  # which columns: none yet
        self.best_g, self.g, self.r = x, None, None
        self.dG, self.dR = [], []

    def look(self, calls):
        """g and r at z, and whether they are the best so far."""
        f = self.F(self.z, self.where)
        g, before = self.x - f, (self.g, self.r)
        self.g, self.r = g, g - self.z
        scale = onp.maximum(onp.abs(self.x).max(axis=0), onp.abs(self.z).max(axis=0))
        self.residual = onp.abs(self.r).max(axis=0) / onp.maximum(1.0, scale)
        if not bool(onp.isfinite(self.residual).all()):
            self.least = self.residual
            raise self.error("met NaN or infinity", ~onp.isfinite(self.residual))
        better = (self.residual < self.least) & ~self.done  # what is done does not wait for its neighbours
        self.best, self.best_g = onp.where(better, self.z, self.best), onp.where(better, g, self.best_g)
        self.least, self.since = onp.where(better, self.residual, self.least), onp.where(better, calls, self.since)
        if self.memory and before[0] is not None:
            self.dG, self.dR = (
                self.dG[1 - self.memory :] + [g - before[0]],
                self.dR[1 - self.memory :] + [self.r - before[1]],
            )

    def finished(self, tolerance, rounding, calls):
        """Put the columns that are done into the answer; whether they all are."""
        tired = (calls - self.since >= PATIENCE) & (self.least <= rounding)
        self.done = self.done | (self.least <= tolerance) | tired
        left = onp.flatnonzero(~self.done)
        if len(left) and 2 * len(left) > len(self.done):
            return False
        here = slice(None) if self.where is None else self.where
        self.answer[:, here] = self.best_g
        self.worst = max(self.worst, float(onp.where(self.done, self.least, 0.0).max()))
        if len(left):
            self._keep(left)
        return not len(left)

    def _keep(self, left):
        self.where = left if self.where is None else self.where[left]
        self.x, self.z, self.g, self.r, self.best, self.best_g = (
            a[:, left] for a in (self.x, self.z, self.g, self.r, self.best, self.best_g)
        )
        self.residual, self.least, self.since, self.done = (
            a[left] for a in (self.residual, self.least, self.since, self.done)
        )
        self.dG, self.dR = ([a[:, left] for a in kept] for kept in (self.dG, self.dR))

    def step(self):
        """(2) or (3), and back to the best where (3) has gone astray."""
        self.z = self.g
        if self.dR:
            self.z = onp.where(self.residual > 2.0 * self.least, self.best_g, self.g - self._combined())

    def _combined(self):
        """sum_i a_i dG_i, with a from the normal equations of (3)."""
        R, G = onp.stack(self.dR), onp.stack(self.dG)  # (m, D, n)
        M = onp.matmul(R.transpose(2, 0, 1), R.transpose(2, 1, 0))
        b = onp.matmul(R.transpose(2, 0, 1), self.r.T[:, :, None])
        size = onp.maximum(onp.trace(M, axis1=1, axis2=2), onp.finfo(R.dtype).tiny)
        M = M / size[:, None, None] + 4.0 * float(onp.finfo(R.dtype).eps) * identity(len(R), R)
        a = onp.linalg.solve(M, b / size[:, None, None])[:, :, 0]
        return (a.T[:, None, :] * G).sum(axis=0)

    def error(self, what, failing):
        worst = int(onp.argmax(onp.where(onp.isnan(self.least), onp.inf, self.least)))
        column = worst if self.where is None else int(self.where[worst])
        return InversionError(
            f"the search for z {what}, at a relative residual of {float(self.least[worst]):.1e} in row {column}",
            column * self.x.shape[0],
            backend.to_numpy(onp.flatnonzero(failing) if self.where is None else self.where[failing]).tolist(),
        )
