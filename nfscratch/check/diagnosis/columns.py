"""Columns of a failing inverse, side by side: z, x = forward(z), z' = inverse(x), and the Jacobian of forward."""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.check.letters.structure import acyclic_order, dependencies
from nfscratch.check.rows import flat
from nfscratch.check.trial import Trial


class Columns:
    """z, x, z', J over the rows that can be compared."""

    def __init__(self, trial: Trial, rows: Any):
        self.trial, self.rows = trial, onp.flatnonzero(rows)
        self.z, self.x, self.back = flat(trial.z)[rows], flat(trial.x)[rows], flat(trial.back[0])[rows]
        self.J = trial.J[rows]
        self.dim = self.z.shape[1]
        self.wrong = ~same(self.back, self.z).all(axis=0)

    again = property(lambda self: flat(self.trial.again[0])[self.rows])
    is_linear = property(lambda self: onp.ptp(self.J, axis=0).max() < 1e-6)

    @property
    def kept(self) -> Any:
        """The variables that forward passes on as they are."""
        return onp.abs(self.J - onp.eye(self.dim)).max(axis=(0, 2)) < 1e-7

    @property
    def order(self) -> list[int] | None:
        """An order of dependence, where there is one."""
        return acyclic_order(dependencies([self.trial])[1])


def same(a: Any, b: Any, tolerance: float = 1e-5) -> Any:
    """Where they are. Nothing is the same as a number that is not finite, whose tolerance would take in every one."""
    with onp.errstate(all="ignore"):
        return onp.isfinite(b) & (onp.abs(a - b) <= tolerance * (1 + onp.abs(b)))


def copies(a: Any, b: Any) -> Any:
    """(D, D): whether column i of a is column j of b."""
    return same(a[:, :, None], b[:, None, :]).all(axis=0)
