"""Aligned: a map whose outputs stand in the order of the inputs that they are made from.

A coupling and a permutation in one function give x_i = e^s z_j + t with j != i. The diagnosis compares column i of x
with column i of z, so the columns are matched first:

    p    x_p(j) is made from z_j: the one choice of a nonzero entry J_p(j),j in each row and column
    x'_j = x_p(j),    J' = J with its rows in the order p,    |det J'| = |det J|

A coupling's kept columns are rows of J with a single entry, and an autoregressive map's J is triangular in some order:
there the choice is the only one. A dense J has an order where J' = s I + u v^T in every row, as a planar and a radial
layer have it, and in one order alone. Where there are several, nothing is moved.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from itertools import permutations
from typing import Any

import numpy as onp

from nfscratch.check.rows import finite_matrices
from nfscratch.check.trial import Trial

RANKED = 12  # rows whose rank is looked at
WIDEST = 6  # variables, of which all orders are tried
ZERO = 1e-9  # an entry of J that is smaller at every point, relative to the largest, is none


def aligned(trial: Trial) -> Trial:
    """The trial with x in the order of z; the trial itself where it is in that order, or where no order is certain.

    Only a pair of functions is looked at: a Bijection permutes in a layer of its own.
    """
    s = trial.subject
    if s.bijection is not None or len(s.in_shape) != 1 or s.in_shape != s.out_shape:
        return trial
    order = matching(trial.J)
    order = nearly_identity(trial.J) if order is None else order
    return trial if order is None or (order == onp.arange(s.dim)).all() else Aligned(trial, order)


def matching(J: Any) -> Any:
    """p (D,) from J (N, D, D): x_p(j) is made from z_j. None where the nonzero entries leave no choice or several."""
    J = onp.abs(J[finite_matrices(J)])
    if not len(J):
        return None
    left = J.max(axis=0) > ZERO * onp.maximum(1.0, J.max())
    order = onp.zeros(len(left), dtype=int)
    for _ in range(len(left)):  # where there is one choice alone, a row has a single entry, until none is left
        single = onp.argwhere(left & (left.sum(axis=1, keepdims=True) == 1))
        if not len(single):
            return None
        i, j = single[0]
        order[j] = i
        left[i], left[:, j] = False, False
    return order


def nearly_identity(J: Any) -> Any:
    """p (D,) with J[:, p] = s I + u v^T in every row, where there is one p alone; else None. s = 1 where D = 2."""
    J = J[finite_matrices(J)][:RANKED]
    n, dim, _ = J.shape
    if not n or not 2 <= dim <= WIDEST:
        return None
    found = [p for p in permutations(range(dim)) if _is_near_identity(J[:1, p]) and _is_near_identity(J[:, p])]
    return onp.array(found[0]) if len(found) == 1 else None


def _is_near_identity(J):
    """Whether all but one eigenvalue are one number, whose eigenvectors are as many."""
    n, dim, _ = J.shape
    s = _common_eigenvalue(J) if dim > 2 else onp.ones(n)
    values = onp.linalg.svd(J - s[:, None, None] * onp.eye(dim), compute_uv=False)
    return bool((values[:, 1] < 1e-6 * (1 + onp.abs(J).max(axis=(1, 2)))).all())


def _common_eigenvalue(J):
    """The eigenvalue that has the nearest neighbour."""
    values = onp.sort(onp.linalg.eigvals(J).real, axis=1)
    k = onp.argmin(onp.diff(values, axis=1), axis=1)
    return 0.5 * (values[onp.arange(len(J)), k] + values[onp.arange(len(J)), k + 1])


class Aligned(Trial):
    """A trial of the map that is followed by the permutation x' = x[:, order]."""

    def __init__(self, trial: Trial, order: Any):
        s, back = trial.subject, onp.argsort(order)

        def forward(z):
            x, log_det = s.forward(z)
            return onp.asarray(x)[:, order], log_det

        moved = replace(s, forward=forward, inverse=lambda x: s.inverse(x[:, back]))
        super().__init__(moved, trial.z, trial.twin, trial.limit)
        self.original, self.order = trial, order

    @cached_property
    def numeric(self) -> tuple[Any, Any, Any, Any]:
        """Of forward, at z: the rows of J in the new order."""
        J, error, slope, slope_error = self.original.numeric
        return J[:, self.order], error[:, self.order], slope, slope_error

    @cached_property
    def numeric_back(self) -> tuple[Any, Any, Any, Any]:
        """Of inverse, at x: everything that is differentiated in x in the new order."""
        return tuple(a[..., self.order] for a in self.original.numeric_back)
