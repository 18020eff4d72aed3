"""FittedTails: a standard normal base, which is Student's t instead where the data have heavy tails.

    z_i ~ N(0, 1)         where the rows that the flow starts from show no heavy tail, or where there were no rows
    z_i ~ s_i t(nu_i)     where they do; nu_i is trained (student.py), s_i is not

A normal base answers a row that ends at z = 47 with 47^2 / 2 = 1,100 nats: one row of a test set then decides its mean.
t answers with (nu + 1) log z. Which it is, `init` finds once and stores. For each of a grid of nu from 1 to 100, s is
the scale that makes the N numbers u of a direction most likely (2): z has variance 1, and so a t with few degrees of
freedom and s = 1 would be wider than the data. A direction is heavy where the best (nu, s) makes u more likely than the
best N(0, s^2) does, by more than 1 + log D nats: t has one parameter more, and D directions are tried. On normal data
that happens in one table of fifteen, and costs little, because t is then nearly normal; a heavy tail that goes unseen
can cost thousands of nats. If one direction is heavy, all D get their best t: layers move a row that is far out in one
direction into others, and to a light direction t with its own scale does no harm.

Whitening has seen these rows, and so their z is smaller than that of a new row. u is z as it would be without the row
itself, of which p_n is the share among all (copies of a row, as weights make them, are one row):

    u_n = z_n / sqrt(1 - h_n),     h_n = p_n (1 + z_n^T S^-1 z_n),     S = sum_n p_n z_n z_n^T                   (1)
    N = 1 / sum_n p_n^2            so many rows of equal shares say as much as these

The scale at a given nu is where this stands still (Kent, Tyler, Vardi 1994, doi:10.1080/03610919408813180; the second
sum, which is 1 there, makes EM fast):

    s^2 <- sum_n p_n w_n u_n^2 / sum_n p_n w_n,     w_n = (nu + 1) / (nu + u_n^2 / s^2)                          (2)

A draw is a smooth function of two normal numbers and of nu, so it has a derivative (Bailey 1994,
doi:10.1090/S0025-5718-1994-1203735-6):

    z = s e_1 sqrt(nu (exp(r^2 / nu) - 1) / r^2),     r^2 = e_1^2 + e_2^2                                        (3)
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

GRID = onp.geomspace(100.0, 1.0, 20)  # degrees of freedom
STEPS = 4  # of (2) for each of them, from the scale of the one before
CONSTANT = 1e-3  # z has standard deviation 1, or it is rounding: that of a column which others give
SMALLEST = 1e-3  # of the mean of |u|: many equal numbers would make s 0, and the density infinite
MIDDLE_DOF = 8.0  # stored for a direction that is normal
FARTHEST = 1e100  # its square is a number, and a tail that reaches farther is no heavier
ROWS = 2000  # so many rows are looked at


@dataclass(frozen=True, eq=False)
class FittedTails(Distribution):
    """params: {"dof": (D,), the a of student.py, "fixed": {"heavy": (D,), s_i where z_i has Student's t, else 0}}."""

    dim: int

    shape = property(lambda self: (self.dim,))
    _t = property(lambda self: StudentT(self.dim))

    def __post_init__(self):
        validate.size("dim", self.dim)

    def init(self, rng, z=None, context=None):
        nu, scale = onp.zeros(self.dim), onp.zeros(self.dim)
        if z is not None and len(z) > 2:
            nu, scale = heavy_tails(onp.asarray(backend.to_numpy(z[:: max(1, len(z) // ROWS)]), dtype=onp.float64))
        dof = free_dof(onp.where(nu > 0, nu, MIDDLE_DOF))
        return {"dof": backend.asarray(dof), FIXED: {"heavy": backend.asarray(scale)}}

    def degrees_of_freedom(self, params):
        """nu: (D,); infinite where z_i is normal."""
        return np.where(_scale(params) > 0, self._t.degrees_of_freedom(params), onp.inf)

    def scale(self, params):
        """s: (D,); 1 where z_i is normal."""
        return onp.where(_scale(params) > 0, _scale(params), 1.0)

    def log_prob(self, params, z, context=None):
        heavy, s = _heavy(params)
        log_p = -0.5 * np.sum(np.square(np.where(heavy, 0.0, z)), axis=1) - int((~heavy).sum()) * HALF_LOG_2PI
        if not heavy.any():
            return log_p
        return log_p + self._t.log_prob({"dof": params["dof"][..., heavy]}, z[:, heavy] / s) - onp.log(s).sum()

    def log_prob_vjp(self, params, z, context=None):
        (heavy, s), z = _heavy(params), z.T
        light = onp.where(heavy[:, None], 0.0, z) if heavy.any() else z
        log_p = -0.5 * (light * light).sum(axis=0) - int((~heavy).sum()) * HALF_LOG_2PI
        if not heavy.any():
            return log_p, lambda g: ({"dof": onp.zeros_like(params["dof"])}, (-g * z).T)
        log_t, back = self._t.log_prob_vjp({"dof": params["dof"][..., heavy]}, (z[heavy] / s[:, None]).T)

        def pullback(g):
            g_dof, g_z = onp.zeros_like(params["dof"]), -g * light
            g_heavy, g_tail = back(g)
            g_dof[..., heavy], g_z[heavy] = g_heavy["dof"], g_tail.T / s[:, None]
            return {"dof": g_dof}, g_z.T

        return log_p + log_t - onp.log(s).sum(), pullback

    def draws_row_by_row(self, params):
        """A normal takes one number for each z_i, Student's t a second one after all of these."""
        return not _heavy(params)[0].any()

    def sample(self, params, rng, n, like=None, context=None):
        first = standard_normal(rng, (n, self.dim), params["dof"])
        heavy, _ = _heavy(params)
        if not heavy.any():
            return first
        squares = np.square(first) + np.square(standard_normal(rng, (n, self.dim), params["dof"]))
        nu = self._t.degrees_of_freedom(params)
        grown = np.sqrt(-np.expm1(-squares / nu) * nu / squares) * np.exp(0.5 * squares / nu)  # (3)
        return np.where(heavy, _scale(params) * first * grown, first)


def _scale(params):
    """s (D,), and 0 where z_i is normal. Files of earlier versions have 1 for s."""
    return raw(params[FIXED]["heavy"])


def _heavy(params):
    """Which z_i have Student's t: (D,); and their s."""
    scale = _scale(params)
    return scale > 0, scale[scale > 0]


def heavy_tails(z):
    """nu and s, both (D,), for z (N, D), where a direction has a heavy tail; 0 for all where none has."""
    none, D = onp.zeros(z.shape[1]), z.shape[1]
    if not onp.isfinite(z).all():
        return none, none
    z, p = distinct(onp.clip(z, -FARTHEST, FARTHEST))
    N = 1.0 / onp.square(p).sum()
    u = z / onp.sqrt(1.0 - _leverage(z, p, N))
    size = onp.sqrt((p * u * u).sum(axis=0))
    varies = size > CONSTANT
    gains, scales = fitted_scales(onp.where(varies, u, 0.0) / onp.where(varies, size, 1.0), p)
    if N * gains.max() <= 1.0 + log(D):
        return none, none
    best = gains.argmax(axis=0)
    return GRID[best], scales[best, onp.arange(D)] * onp.where(varies, size, 1.0)


def fitted_scales(u, p):
    """For each nu of the grid, how much likelier than N(0, 1) the best s t(nu) makes u (N, D), a row; and s: (K, D).

    p: (N, 1), the shares of the rows. Where u is 0, s is 1.
    """
    squares, gains, scales = u * u, [], []
    normal = -0.5 * (p * squares).sum(axis=0) - HALF_LOG_2PI
    floor = SMALLEST * (p * abs(u)).sum(axis=0)
    s = onp.ones(u.shape[1])
    for nu in GRID:
        for _ in range(STEPS):  # (2)
            weights = p / (nu + squares / (s * s))
            s = onp.sqrt((weights * squares).sum(axis=0) / weights.sum(axis=0))
            s = onp.where(floor > 0, onp.maximum(s, floor), 1.0)
        gains.append((p * _log_t(u / s, nu)).sum(axis=0) - onp.log(s) - normal)
        scales.append(s)
    return onp.array(gains), onp.array(scales)


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
