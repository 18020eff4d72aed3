"""GaussianPath: a Gaussian mixture on its way from noise, with its density, velocity and score in closed form.

    x_t = a x + b z,    x ~ sum_k w_k N(m_k, S_k),    z ~ N(0, I),   independent;    a, b functions of t           (1)
    p_t = sum_k w_k N(a m_k, C_k),    C_k = a^2 S_k + b^2 I                                                        (2)

Given x_t = y and the component k, all are jointly Gaussian. With q_k = C_k^-1 (y - a m_k) and r_k = P(k | y),

    E[x | y, k] = m_k + a S_k q_k,    E[z | y, k] = b q_k                                                          (3)
    score       grad log p_t(y)     = -sum_k r_k q_k                                                               (4)
    velocity    E[a' x + b' z | y]  = sum_k r_k [a' m_k + (a' a S_k + b' b I) q_k]                                 (5)

The velocity (5) moves p_t along: d p_t / dt + div(p_t u_t) = 0. Flow matching learns it (Lipman et al. 2023,
arXiv:2210.02747); it is also the probability flow of the diffusion with this a and b (Song et al. 2021,
arXiv:2011.13456). So a learned field can be compared with the exact one. Two paths, from noise (t = 0) to data (t = 1):

    STRAIGHT        a = t,       b = 1 - t
    diffusion(T)    a = e^-u,    b = sqrt(1 - e^-2u),    u = T (1 - t)^2         nets/probability_flow.py

This is host-side NumPy in float64.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from nfscratch import validate
from nfscratch.targets.density import LOG_2PI, log_sum_exp
from nfscratch.targets.toy_plane import EIGHT_CENTRES, EIGHT_SD


@dataclass(frozen=True)
class Schedule:
    """t -> a and b of (1), and t -> their derivatives a' and b'."""

    coefficients: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
    rates: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


STRAIGHT = Schedule(lambda t: (t, 1.0 - t), lambda t: (np.ones_like(t), -np.ones_like(t)))


def diffusion(duration: float = 4.0) -> Schedule:
    """An Ornstein-Uhlenbeck process that has run for the time `duration` at t = 0."""

    def coefficients(t):
        u = duration * (1.0 - t) ** 2
        return np.exp(-u), np.sqrt(-np.expm1(-2.0 * u))

    def rates(t):
        (a, b), du = coefficients(t), -2.0 * duration * (1.0 - t)
        with np.errstate(invalid="ignore"):
            return -a * du, np.where(t < 1.0, a**2 / b * du, -np.sqrt(2.0 * duration))

    return Schedule(coefficients, rates)


@dataclass(frozen=True, eq=False)
class GaussianPath:
    """weights (K,), means (K, D), covariances (K, D, D). Times are numbers or (N,), in [0, 1]."""

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray
    schedule: Schedule = STRAIGHT

    def standardized(self, mean: np.ndarray, std: np.ndarray) -> GaussianPath:
        """The path to (x - mean) / std: a flow's path, where its last layer is Standardize."""
        outer = std[:, None] * std
        return replace(self, means=(self.means - mean) / std, covariances=self.covariances / outer)

    def sample(self, rng: np.random.Generator, n: int, t: float = 1.0) -> np.ndarray:
        """n draws of p_t: (n, D)."""
        rng, n = validate.seeded(rng), validate.count("n", n)
        (a, b), D = self.schedule.coefficients(np.asarray(t, dtype=float)), self.means.shape[1]
        k = rng.choice(len(self.weights), size=n, p=self.weights)
        x = self.means[k] + np.einsum("nij,nj->ni", np.linalg.cholesky(self.covariances)[k], rng.normal(size=(n, D)))
        return a * x + b * rng.normal(size=(n, D))

    def log_prob(self, x: np.ndarray, t: float | np.ndarray) -> np.ndarray:
        """log p_t(x), by (2): (N,)."""
        return log_sum_exp(self._moments(x, t)[0])

    def score(self, x: np.ndarray, t: float | np.ndarray) -> np.ndarray:
        """Equation (4): (N, D)."""
        r, q = self._responsibilities(x, t)
        return -np.einsum("nk,nki->ni", r, q)

    def velocity(self, x: np.ndarray, t: float | np.ndarray) -> np.ndarray:
        """Equation (5): (N, D)."""
        r, q = self._responsibilities(x, t)
        (a, b), (da, db) = self._rows(self.schedule.coefficients, x, t), self._rows(self.schedule.rates, x, t)
        Sq = np.einsum("kij,nkj->nki", self.covariances, q)
        each = da[:, None, None] * (self.means + a[:, None, None] * Sq) + (db * b)[:, None, None] * q
        return np.einsum("nk,nki->ni", r, each)

    def _rows(self, functions, x, t):
        """Two functions of t, for every row of x: (N,) each."""
        return functions(np.broadcast_to(np.asarray(t, dtype=float), (len(x),)))

    def _responsibilities(self, x, t):
        """r_k (N, K) and q_k (N, K, D)."""
        log_joint, q = self._moments(x, t)
        return np.exp(log_joint - log_sum_exp(log_joint)[:, None]), q

    def _moments(self, x, t):
        """log w_k N(x; a m_k, C_k), (N, K), and q_k, (N, K, D)."""
        a, b = self._rows(self.schedule.coefficients, x, t)
        D = self.means.shape[1]
        C = (a**2)[:, None, None, None] * self.covariances + (b**2)[:, None, None, None] * np.eye(D)
        away = x[:, None, :] - a[:, None, None] * self.means
        q = np.linalg.solve(C, away[..., None])[..., 0]
        log_n = -0.5 * ((away * q).sum(axis=2) + np.linalg.slogdet(C)[1] + D * LOG_2PI)
        return np.log(self.weights) + log_n, q


def eight_gaussians(schedule: Schedule = STRAIGHT) -> GaussianPath:
    """The path to the toy density of that name."""
    covariances = np.tile(EIGHT_SD**2 * np.eye(2), (8, 1, 1))
    return GaussianPath(np.full(8, 1 / 8), EIGHT_CENTRES, covariances, schedule)
