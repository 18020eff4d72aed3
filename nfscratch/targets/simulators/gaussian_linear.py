"""Gaussian linear: the mean of a Gaussian under a Gaussian prior. Lueckmann et al. 2021, arXiv:2101.04653, T.1.

theta ~ N(0, .1 I),   x | theta ~ N(theta, .1 I),   D = 10;  .1 is the variance
p(theta | x) = N(x / 2, .05 I)       precisions add, 10 + 10, and the mean is halfway between 0 and x
"""

from __future__ import annotations

import numpy as np

from nfscratch import validate
from nfscratch.targets.density import LOG_2PI
from nfscratch.targets.simulators.prior import NormalPrior
from nfscratch.targets.simulators.simulator import Posterior, Simulator

VARIANCE = 0.1


def gaussian_linear(dim: int = 10) -> Simulator:
    """The simulator; its posterior is Gaussian."""
    dim = validate.size("dim", dim)
    farthest = np.full(dim, 8 * np.sqrt(2 * VARIANCE))  # x ~ N(0, .2 I) before theta is known
    return Simulator(
        name="gaussian_linear",
        about="theta ~ N(0, .1 I), x ~ N(theta, .1 I).",
        of_theta=NormalPrior(dim, np.sqrt(VARIANCE)),
        data_dim=dim,
        reach=(-farthest, farthest),
        run=lambda rng, theta: theta + np.sqrt(VARIANCE) * rng.standard_normal(theta.shape),
        log_density=lambda theta, x: _log_normal(x - theta, VARIANCE),
        posterior_of=_posterior,
    )


def _posterior(x):
    std = np.sqrt(VARIANCE / 2)
    return Posterior(
        len(x),
        lambda rng, n: x / 2 + std * rng.standard_normal((n, len(x))),
        lambda theta: _log_normal(theta - x / 2, VARIANCE / 2),
    )


def _log_normal(difference, variance):
    return -0.5 * (difference**2 / variance + LOG_2PI + np.log(variance)).sum(axis=1)
