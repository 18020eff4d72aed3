"""Gaussian mixture: a wide and a narrow Gaussian about theta. Lueckmann et al. 2021, arXiv:2101.04653, T.7.

    theta ~ U(-10, 10)^D,   x | theta ~ 1/2 N(theta, I) + 1/2 N(theta, .1^2 I),   D = 2
    p(theta | x) ~ sum_k N(theta; x, s_k^2 I) on the box,   s = (1, .1)                                           (1)

The mass of component k in the box is a product of normal probabilities, m_k = prod_i P(low < x_i + s_k e < high). So
a draw takes component k with probability m_k / (m_1 + m_2), and then each theta_i from a normal cut off at the ends.

Deviation: the benchmark's program draws one component for a whole batch; here each row draws its own, as (1) says.
"""

from __future__ import annotations

import numpy as np
from scipy.special import log_ndtr
from scipy.stats import truncnorm

from nfscratch import validate
from nfscratch.targets.density import LOG_2PI
from nfscratch.targets.simulators.prior import BoxPrior
from nfscratch.targets.simulators.simulator import Posterior, Simulator

END = 10.0
STDS = np.array([1.0, 0.1])


def gaussian_mixture(dim: int = 2) -> Simulator:
    """The simulator, with its exact posterior (1)."""
    dim = validate.size("dim", dim)
    farthest = np.full(dim, END + 8 * STDS[0])
    box = BoxPrior((-END,) * dim, (END,) * dim)
    return Simulator(
        name="gaussian_mixture",
        about="theta ~ U(-10, 10)^D, x ~ 1/2 N(theta, I) + 1/2 N(theta, .1^2 I).",
        of_theta=box,
        data_dim=dim,
        reach=(-farthest, farthest),
        run=_run,
        log_density=lambda theta, x: _log_mixture(x - theta) - np.log(2),
        posterior_of=lambda x: _posterior(x, box),
    )


def _run(rng, theta):
    std = STDS[rng.integers(2, size=len(theta))]
    return theta + std[:, None] * rng.standard_normal(theta.shape)


def _log_mixture(difference):
    """log sum_k N(difference; 0, s_k^2 I)."""
    squares, D = (difference**2).sum(axis=1)[:, None], difference.shape[1]
    return np.logaddexp.reduce(-0.5 * squares / STDS**2 - D * (np.log(STDS) + 0.5 * LOG_2PI), axis=1)


def _posterior(x, box):
    low, high = ((end - x) / STDS[:, None] for end in (-END, END))  # (2, D), in standard deviations
    log_m = _log_between(low, high).sum(axis=1)
    log_total = np.logaddexp(*log_m)

    def draw(rng, n):
        k = (rng.random(n) < np.exp(log_m[1] - log_total)).astype(int)
        e = truncnorm.rvs(low[k], high[k], random_state=rng)
        return np.clip(x + STDS[k][:, None] * e, -END, END)  # rounding

    def log_density(theta):
        return np.where(box.inside(theta), _log_mixture(theta - x) - log_total, -np.inf)

    return Posterior(len(x), draw, log_density)


def _log_between(low, high):
    """log P(low < e < high) of a standard normal e, from the side on which both ends are in the lower tail."""
    swap = low > 0
    low, high = np.where(swap, -high, low), np.where(swap, -low, high)
    upper = log_ndtr(high)
    return upper + np.log1p(-np.exp(log_ndtr(low) - upper))
