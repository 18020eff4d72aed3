"""FittedTails: a standard normal base, which is Student's t instead where the data have heavy tails.

    z_i ~ N(0, 1)       where the rows that the flow starts from show no heavy tail, or where there were no rows
    z_i ~ t(nu_i)       where they do; nu_i is trained (student.py)

A normal base answers a row that ends at z = 47 with 47^2 / 2 = 1,100 nats: one row of a test set then decides its mean.
t answers with (nu + 1) log z. Which it is, `init` finds once and stores. A direction is heavy where the best nu between
1 and 30 makes its N numbers u more likely than the best N(0, s^2) does, by more than 1 + 1/2 log N + log D nats. If one
is, all D get their best nu: layers move a row that is far out in one direction into others. Whitening has seen these
rows, and so their z is smaller than that of a new row. u is z as it would be without the row itself, of which p_n is
the share among all (copies of a row, as weights make them, are one row):

    u_n = z_n / sqrt(1 - h_n),     h_n = p_n (1 + z_n^T S^-1 z_n),     S = sum_n p_n z_n z_n^T                   (1)
    N = 1 / sum_n p_n^2            so many rows of equal shares say as much as these

A draw is a smooth function of two normal numbers and of nu, so it has a derivative (Bailey 1994,
doi:10.1090/S0025-5718-1994-1203735-6):

    z = e_1 sqrt(nu (exp(r^2 / nu) - 1) / r^2),     r^2 = e_1^2 + e_2^2                                          (2)
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import autograd.numpy as np
import numpy as onp

from nfscratch import backend, validate
from nfscratch.autodiff import raw
from nfscratch.bijections.normalize.whiten import groups
from nfscratch.distributions.distribution import Distribution, standard_normal
from nfscratch.distributions.normal import HALF_LOG_2PI
from nfscratch.distributions.student import StudentT, free_dof
from nfscratch.trees import FIXED

GRID = onp.geomspace(1.0, 30.0, 20)  # degrees of freedom
MIDDLE_DOF = 8.0  # stored for a direction that is normal
ROWS = 2000  # so many rows are looked at


@dataclass(frozen=True, eq=False)
class FittedTails(Distribution):
    """params: {"dof": (D,), the a of student.py, "fixed": {"heavy": (D,), 1 where z_i has Student's t, else 0}}."""

    dim: int

    shape = property(lambda self: (self.dim,))
    _t = property(lambda self: StudentT(self.dim))

    def __post_init__(self):
        validate.count("dim", self.dim, least=1)

    def init(self, rng, z=None, context=None):
        nu = onp.zeros(self.dim)
        if z is not None and len(z) > 2:
            nu = heavy_tails(onp.asarray(backend.to_numpy(z[:: max(1, len(z) // ROWS)]), dtype=onp.float64))
        dof = free_dof(onp.where(nu > 0, nu, MIDDLE_DOF))
        return {"dof": backend.asarray(dof), FIXED: {"heavy": backend.asarray((nu > 0).astype(float))}}

    def degrees_of_freedom(self, params):
        """nu: (D,); infinite where z_i is normal."""
        return np.where(_heavy(params), self._t.degrees_of_freedom(params), onp.inf)

    def log_prob(self, params, z, context=None):
        heavy = _heavy(params)
        log_p = -0.5 * np.sum(np.square(np.where(heavy, 0.0, z)), axis=1) - int((~heavy).sum()) * HALF_LOG_2PI
        if not heavy.any():
            return log_p
        return log_p + self._t.log_prob({"dof": params["dof"][..., heavy]}, z[:, heavy])

    def log_prob_vjp(self, params, z, context=None):
        heavy, z = _heavy(params), z.T
        light = onp.where(heavy[:, None], 0.0, z) if heavy.any() else z
        log_p = -0.5 * (light * light).sum(axis=0) - int((~heavy).sum()) * HALF_LOG_2PI
        if not heavy.any():
            return log_p, lambda g: ({"dof": onp.zeros_like(params["dof"])}, (-g * z).T)
        log_t, back = self._t.log_prob_vjp({"dof": params["dof"][..., heavy]}, z[heavy].T)

        def pullback(g):
            g_dof, g_z = onp.zeros_like(params["dof"]), -g * light
            g_heavy, g_tail = back(g)
            g_dof[..., heavy], g_z[heavy] = g_heavy["dof"], g_tail.T
            return {"dof": g_dof}, g_z.T

        return log_p + log_t, pullback

    def sample(self, params, rng, n, like=None, context=None):
        first = standard_normal(rng, (n, self.dim), params["dof"])
        heavy = _heavy(params)
        if not heavy.any():
            return first
        squares = np.square(first) + np.square(standard_normal(rng, (n, self.dim), params["dof"]))
        nu = self._t.degrees_of_freedom(params)
        grown = np.sqrt(-np.expm1(-squares / nu) * nu / squares) * np.exp(0.5 * squares / nu)  # (2)
        return np.where(heavy, first * grown, first)


def _heavy(params):
    return raw(params[FIXED]["heavy"]) > 0


def heavy_tails(z):
    """nu (D,) for z (N, D), where a direction has a heavy tail; 0 for all where none has."""
    if not onp.isfinite(z).all():
        return onp.zeros(z.shape[1])
    z, p = distinct(z)
    N = 1.0 / onp.square(p).sum()
    u = z / onp.sqrt(1.0 - _leverage(z, p, N))
    size = onp.sqrt((p * u * u).sum(axis=0)) + onp.finfo(u.dtype).tiny
    normal = (p * (-0.5 * onp.square(u / size) - HALF_LOG_2PI - onp.log(size))).sum(axis=0)
    gains = N * onp.array([(p * _log_t(u, nu)).sum(axis=0) - normal for nu in GRID])
    found = gains.max() > 1.0 + 0.5 * log(N) + log(z.shape[1])
    return GRID[gains.argmax(axis=0)] if found else onp.zeros(z.shape[1])


def distinct(z):
    """The rows of z (N, D), each once, and their shares (n, 1)."""
    _, first, counts = onp.unique(groups(z), return_index=True, return_counts=True)
    return z[first], counts[:, None] / len(z)


def _leverage(z, p, N):
    """h of (1): (n, 1), and (n, D), of each column by itself, where there are too few rows for all together."""
    if N > 2 * (z.shape[1] + 1):
        squares = ((z @ onp.linalg.pinv(z.T @ (p * z))) * z).sum(axis=1, keepdims=True)
    else:
        squares = z * z / onp.maximum((p * z * z).sum(axis=0), onp.finfo(z.dtype).tiny)
    return onp.minimum(p * (1.0 + squares), 1.0 - 1.0 / N)


def _log_t(u, nu):
    """log t(u; nu), of the shape of u."""
    params = {"dof": onp.full(1, free_dof(nu))}
    return StudentT(1, nu).log_prob(params, u.reshape(-1, 1)).reshape(u.shape)
