"""Whiten: the flow inside sees variables of mean 0, variance 1 and no correlation; what is left is not Gaussian.

    x = m + s * (L z),     u = (x - m) / s,     z = L^-1 u,     log_det = sum_i log s_i + sum_i log L_ii        (1)
    L L^T = R = (1 - a) C + a I                                                                                (2)

m and s are a column's centre and scale, C is the correlation matrix of the data, and L is R's Cholesky factor, lower
triangular. With layers that start as the identity, a flow of a standard normal base is the full Gaussian N(m, s R s)
before its first step: no fit that keeps the best of its validation does worse than that there. The recipes put it next
to the base. Next to the data it would hide from the layers what each column is by itself, and on larger tables that
costs tenths of a nat (benchmarks/README.md). Warnings of constant columns and far rows are Standardize's.

a is chosen so that rows which C has not seen are most likely. The rows are cut into fifths. C is computed from four of
them, with eigenvalues l_i and eigenvectors v_i, and the log-likelihood of the fifth one is, up to a constant,

    -2 log p = sum_i log e_i + (nu + D) log(1 + 1/nu sum_i (v_i . u)^2 / e_i),     e_i = (1 - a) l_i + a       (3)

with nu = 10: that of Student's t, because under a Gaussian one row that is far out decides a by itself.
Each fifth is left out once, and (3) is summed over all rows. Rows that agree are in one fifth: a copy of a row that C
has seen says nothing of those that it has not. The candidates for a are the half powers of ten from 1e-10
to 1, and the share of Ledoit and Wolf (2004, doi:10.1016/S0047-259X(03)00096-4). Theirs makes R nearest to the true
matrix in the sum of squares; on strongly correlated columns its likelihood is far from the best. All this is about u,
which has no units, so a change of units changes nothing. With N <= D different rows, or more than 256 dimensions, L is
the identity, a = 1: `taken` says which it was.
With kind = "robust", m and s are those of statistics.py, and C is that of u cut off at 3: far points have little say.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import autograd.numpy as np
import numpy as onp

from nfscratch import backend, outside, validate
from nfscratch.bijections.chain import Chain
from nfscratch.bijections.contract import Bijection, same_jacobian, zeros_per_row
from nfscratch.bijections.normalize.statistics import LOOKED_AT, STATISTICS, ScaleWarning, centre_and_scale
from nfscratch.nets.network import ADDED_LATER
from nfscratch.ops.moments import in_units
from nfscratch.trees import FIXED

LARGEST = 256  # dimensions
CANDIDATES = 10.0 ** onp.arange(-10.0, 0.5, 0.5)  # of a; never 0, because equal columns make C singular
FOLDS = 5
CUT = 3.0
AGREE = 1e-5  # of a standard deviation: copies of a row may differ by rounding where layers have carried them
DOF = 10.0  # nu of (3)
DEPENDENT = 1e-10  # the variance, of 1 for a column, that is left in a direction where columns depend on each other


class Whitening(NamedTuple):
    """What Whiten took from the data."""

    kind: str  # "full": the correlations; "diagonal": none of them, L is the identity
    share: float  # a of (2), the share of the identity: 0 is the data's own correlation matrix, 1 the identity

    def __str__(self):
        return self.kind if self.kind == "diagonal" else f"{self.kind} ({self.share:.2g} of the identity)"


@dataclass(frozen=True, eq=False)
class Whiten(Bijection):
    """params: {"fixed": {"mean": (D,), "std": (D,), "mixing": L (D, D), "share": a}}. kind: as of Standardize.

    floor: a column with a standard deviation up to it counts as constant.
    """

    dim: int
    kind: str = "moments"
    floor: float = field(default=0.0, metadata=ADDED_LATER)

    jacobian_structure = "triangular"
    in_shape = property(lambda self: (self.dim,))

    def __post_init__(self):
        validate.size("dim", self.dim)
        validate.choice("kind", self.kind, STATISTICS)
        validate.not_negative("floor", self.floor)

    def init(self, rng, x=None, context=None):
        mean, std, L, share = onp.zeros(self.dim), onp.ones(self.dim), onp.eye(self.dim), 1.0
        if x is not None:
            mean, std = centre_and_scale(x, None, self.kind)
            std = onp.where(std > self.floor, std, 1.0)
            L, share = self._mixing((backend.to_numpy(x) - mean) / std, std)  # of float64, as the mean is
        fixed = {"mean": mean, "mixing": L, "share": onp.array(share), "std": std}
        return {FIXED: {key: backend.asarray(value) for key, value in fixed.items()}}

    def _mixing(self, u, std):
        """L and a of (2), for rows u that were divided by std."""
        L = onp.eye(self.dim)
        if self.dim > LARGEST or (group := groups(u)).max() < self.dim:
            return L, 1.0
        u, unit = in_units(onp.clip(u, -CUT, CUT) if self.kind == "robust" else u)
        u = u - u.mean(axis=0)
        spread = u.std(axis=0)
        varies = onp.flatnonzero(spread * unit * std > self.floor)  # a constant column has no correlations
        u = u[:, varies] / spread[varies]
        if not LOOKED_AT.get():  # `fit` has named the columns
            _warn_of_dependence(u.T @ u / len(u), varies)
        share = share_of_identity(u, group)
        L[onp.ix_(varies, varies)] = onp.linalg.cholesky(shrunk(u, share))
        return L, share

    def taken(self, params):
        """Whether the correlations were taken from data, and the share a of the identity: Whitening(kind, share)."""
        share = float(params[FIXED]["share"])
        return Whitening("diagonal" if share == 1.0 else "full", share)

    def forward(self, params, z, context=None, rng=None):
        mean, std, L = _pieces(params)
        return (mean + std * np.matmul(L, z.T)).T, zeros_per_row(z) + _log_det(std, L)

    def inverse(self, params, x, context=None, rng=None):
        mean, std, L = _pieces(params)
        return np.linalg.solve(L, (x.T - mean) / std).T, zeros_per_row(x) - _log_det(std, L)

    def forward_vjp(self, params, z, context=None, rng=None):
        mean, std, L = _pieces(params)
        log_det = onp.full_like(z, _log_det(std, L), shape=(len(z),))
        return (mean + std * (L @ z.T)).T, log_det, lambda g_x, g_log_det: ({}, (L.T @ (std * g_x.T)).T, None)

    def inverse_vjp(self, params, x, context=None, rng=None):
        mean, std, L = _pieces(params)
        log_det = onp.full_like(x, -_log_det(std, L), shape=(len(x),))
        z = np.linalg.solve(L, (x.T - mean) / std).T
        return z, log_det, lambda g_z, g_log_det: ({}, (np.linalg.solve(L.T, g_z.T) / std).T, None)

    def jacobian(self, params, z, context=None):
        _, std, L = _pieces(params)
        return same_jacobian(std * L, z)


def taken(bijection: Any, params: Any) -> Whitening | None:
    """What the Whiten of a bijection, itself or in a Chain, took; None where it has none."""
    if isinstance(bijection, Whiten):
        return bijection.taken(params)
    layers = zip(bijection.layers, params, strict=True) if isinstance(bijection, Chain) else ()
    return next((found for layer, p in layers if (found := taken(layer, p)) is not None), None)


def _pieces(params):
    """m and s (D, 1), and L (D, D)."""
    fixed = params[FIXED]
    return fixed["mean"][:, None], fixed["std"][:, None], fixed["mixing"]


def _log_det(std, L):
    return np.sum(np.log(std)) + np.sum(np.log(np.diagonal(L)))


def shrunk(u, a):
    """R of (2), for standardised rows u (N, D)."""
    return (1.0 - a) * (u.T @ u) / len(u) + a * onp.eye(u.shape[1])


def share_of_identity(u, group):
    """The a that makes held-out rows most likely, equation (3). group (N,): rows of one group are in one fifth."""
    candidates = onp.append(CANDIDATES, ledoit_wolf(u))
    n = group.max() + 1
    fold = (onp.random.default_rng(0).permutation(n) % min(FOLDS, n))[group]
    cost = sum(_held_out_cost(u[fold != k], u[fold == k], candidates) for k in range(fold.max() + 1))
    return float(candidates[onp.argmin(cost)])


def groups(u):
    """A number for each row (N,), counted from 0; rows of u (N, D) that are equal, or nearly, have the same one.

    Two sums of a row decide, as one complex number: one sum alone agrees by chance in some pair of 400 rows.
    """
    weights = onp.random.default_rng(0).normal(size=(u.shape[1], 2)) @ [1.0, 1.0j]
    u, _ = in_units(u)
    key = sum(column * weight for column, weight in zip(u.T, weights, strict=True))
    _, first, group = onp.unique(onp.rint(key / AGREE), return_index=True, return_inverse=True)
    return onp.argsort(onp.argsort(first))[group]


def _held_out_cost(train, test, candidates):
    """-2 log p of the test rows for each a, (3), without its constant."""
    l, v = onp.linalg.eigh(train.T @ train / len(train))
    squares = onp.square(test @ v)
    e = (1.0 - candidates[:, None]) * onp.maximum(l, 0.0) + candidates[:, None]
    lengths = squares @ (1.0 / e).T  # (n, K)
    rows = (DOF + test.shape[1]) * onp.log1p(lengths / DOF)
    return rows.sum(axis=0) + len(test) * onp.log(e).sum(axis=1)


def ledoit_wolf(u):
    """The share of Ledoit and Wolf, for standardised rows u (N, D), between 1e-10 and 1."""
    C = u.T @ u / len(u)
    off = onp.square(C - onp.eye(len(C))).sum()
    noise = onp.square(onp.square(u).sum(axis=1)).sum() / len(u) ** 2 - onp.square(C).sum() / len(u)
    return max(min(max(noise, 0.0), off) / off, CANDIDATES[0]) if off > 0.0 else 1.0


def _warn_of_dependence(C, columns):
    """Name a column that the others give exactly: then x lies in a plane, and a density there has no upper bound."""
    variances, directions = onp.linalg.eigh(C)
    if len(columns) > 1 and variances[0] < DEPENDENT:
        column = columns[onp.argmax(onp.abs(directions[:, 0]))]
        outside.warn(
            f"x: column {column} is a linear function of other columns, so that the density has no upper bound there, "
            "and a high log-likelihood says nothing about the fit; leave the column out",
            ScaleWarning,
        )
