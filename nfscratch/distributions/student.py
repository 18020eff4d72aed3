"""Student's t: a base with heavy tails, whose weight is trained.

    log p(z) = sum_i [ r(nu_i / 2) - 1/2 log(pi nu_i) - (nu_i + 1)/2 log(1 + u_i^2) ],    u_i = z_i / sqrt(nu_i)     (1)
    r(x) = log Gamma(x + 1/2) - log Gamma(x)                                                  ops/gamma_ratio.py
    nu_i = 8 exp(c tanh(a_i / c)),  c = 4:   between 0.15 and 437 degrees of freedom                                 (2)

nu = 1 is Cauchy's density, and for large nu it is the normal one. An affine flow of a normal base has tails that fall
like exp(-z^2): every far point costs it z^2 / 2 nats, where this base pays (nu + 1) log z. Use it where far points are
data and not mistakes, together with a scale that they do not set: Standardize(dim, "robust").
With du = u / (1 + u^2), the derivatives are

    dlog p/dz = -(nu + 1) / sqrt(nu) du,
    dlog p/dnu = 1/2 r'(nu/2) - 1/(2 nu) - 1/2 log(1 + u^2) + (nu + 1) / (2 nu) u du                                 (3)

Jaini, Kobyzev, Yu, Brubaker 2020, arXiv:1907.04481 (a Lipschitz flow cannot make heavy tails of light ones);
Laszkiewicz, Lederer, Fischer 2022, arXiv:2206.10311 (a base with a tail index per variable).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, pi
from typing import Any

import autograd.numpy as np
import numpy as onp

from nfscratch import backend, validate
from nfscratch.distributions.distribution import Distribution
from nfscratch.ops.gamma_ratio import log_gamma_ratio, log_gamma_ratio_slope
from nfscratch.ops.layout import columns, from_columns

BOUND = 4.0  # c of (2)
MIDDLE = log(8.0)


@dataclass(frozen=True, eq=False)
class StudentT(Distribution):
    """params: {"dof": (D,)}, the a of (2), or (N, D) for parameters per sample.

    dof: the degrees of freedom at the start, between 0.2 and 400.
    """

    dim: int
    dof: float = 4.0

    reparameterized = False  # a draw is a ratio, whose denominator's law depends on nu
    shape = property(lambda self: (self.dim,))

    def __post_init__(self):
        validate.size("dim", self.dim)
        if not 0.2 <= self.dof <= 400:
            raise ValueError(f"dof must be between 0.2 and 400; got {self.dof}")

    def init(self, rng, z=None, context=None):
        return {"dof": backend.asarray(onp.full(self.dim, free_dof(self.dof)))}

    def degrees_of_freedom(self, params):
        """nu of (2), of the shape of a."""
        return np.exp(MIDDLE + BOUND * np.tanh(params["dof"] / BOUND))

    def log_prob(self, params, z, context=None):
        nu = self.degrees_of_freedom(params)
        height = log_gamma_ratio(0.5 * nu) - 0.5 * np.log(pi * nu)
        return np.sum(height - 0.5 * (nu + 1.0) * _log_one_plus_square(z / np.sqrt(nu), np), axis=1)

    def log_prob_vjp(self, params, z, context=None):
        nu = columns(self.degrees_of_freedom(params))
        u = z.T / onp.sqrt(nu)
        logs = _log_one_plus_square(u, onp)
        height = log_gamma_ratio(0.5 * nu) - 0.5 * onp.log(pi * nu)

        def pullback(g):  # equation (3)
            du = _slope(u)
            of_nu = (
                0.5 * log_gamma_ratio_slope(0.5 * nu) - 0.5 / nu - 0.5 * logs + 0.5 * (nu + 1.0) / nu * _square_share(u)
            )
            of_a = self.degrees_of_freedom(params) * (1.0 - onp.square(onp.tanh(params["dof"] / BOUND)))
            g_dof = from_columns(of_nu * g, params["dof"]) * of_a
            return {"dof": g_dof}, (-(nu + 1.0) / onp.sqrt(nu) * du * g).T

        return (height - 0.5 * (nu + 1.0) * logs).sum(axis=0), pullback

    def sample(self, params, rng, n, like=None, context=None):
        nu = onp.asarray(backend.to_numpy(self.degrees_of_freedom(params)), dtype=onp.float64)
        draws = rng.standard_t(nu, size=(n, self.dim))
        return backend.asarray(onp.asfortranarray(draws), dtype=params["dof"].dtype, like=params["dof"])


def free_dof(dof: Any) -> Any:
    """The a of (2) for so many degrees of freedom."""
    return BOUND * onp.arctanh((onp.log(dof) - MIDDLE) / BOUND)


def _log_one_plus_square(u, np):
    """log(1 + u^2), also where u^2 is not a number of the dtype: 2 log|u| + log(1 + 1/u^2)."""
    size = np.abs(u)
    far = size > 1.0
    near_square, far_size = np.where(far, 0.0, size), np.where(far, size, 1.0)
    return np.where(far, 2.0 * np.log(far_size) + np.log1p((1.0 / far_size) ** 2), np.log1p(near_square**2))


def _slope(u):
    """u / (1 + u^2)."""
    far = onp.abs(u) > 1.0
    inner, outer = onp.where(far, 0.0, u), onp.where(far, u, 1.0)
    return onp.where(far, (1.0 / outer) / (1.0 + (1.0 / outer) ** 2), inner / (1.0 + inner * inner))


def _square_share(u):
    """u^2 / (1 + u^2)."""
    far = onp.abs(u) > 1.0
    inner, outer = onp.where(far, 0.0, u), onp.where(far, u, 1.0)
    return onp.where(far, 1.0 / (1.0 + (1.0 / outer) ** 2), inner * inner / (1.0 + inner * inner))
