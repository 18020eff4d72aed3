"""Ornstein-Uhlenbeck process: a time series that is pulled back to its mean. Uhlenbeck and Ornstein 1930.

    dx = k (m - x) dt + s dW,     theta = (k, m, s),     k ~ U(.2, 3),  m ~ U(-2, 2),  s ~ U(.2, 1)

Its transition over a time h is Gaussian, with no error of a step, and so is the law of its start:

    x_{t+h} | x_t ~ N(m + (x_t - m) e^{-k h},  v (1 - e^{-2 k h})),    x_0 ~ N(m, v),    v = s^2 / (2 k)         (1)
    log p(x | theta) = log p(x_0) + sum_t log p(x_{t+h} | x_t)                                                   (2)

The data are the values at times 0, h, 2h, ...: a row of `steps` numbers. The posterior has three unknowns and no
formula; log_prior + log_likelihood is its logarithm up to a constant, which a grid finds.
"""

from __future__ import annotations

import numpy as np

from nfscratch import validate
from nfscratch.targets.density import LOG_2PI
from nfscratch.targets.simulators.prior import BoxPrior
from nfscratch.targets.simulators.simulator import Simulator

BOX = BoxPrior((0.2, -2.0, 0.2), (3.0, 2.0, 1.0))


def ornstein_uhlenbeck(steps: int = 50, interval: float = 0.2) -> Simulator:
    """The simulator, with its likelihood (2). steps: numbers in a series; interval: h, the time between two of them."""
    steps = validate.count("steps", steps, least=2)
    validate.positive("interval", interval)
    farthest = np.full(steps, BOX.high[1] + 8 * BOX.high[2] / np.sqrt(2 * BOX.low[0]))
    return Simulator(
        name="ornstein_uhlenbeck",
        about="dx = k (m - x) dt + s dW at times 0, h, 2h, ..., theta = (k, m, s).",
        of_theta=BOX,
        data_dim=steps,
        reach=(-farthest, farthest),
        run=lambda rng, theta: _run(rng, theta, steps, interval),
        log_density=lambda theta, x: _log_likelihood(theta, x, interval),
    )


def _transition(theta, interval):
    """m, e^{-kh}, v, and the variance of one transition, of (1): (N,) each."""
    k, m, s = theta.T
    v = s**2 / (2 * k)
    return m, np.exp(-k * interval), v, -v * np.expm1(-2 * k * interval)


def _run(rng, theta, steps, interval):
    m, keep, v, noise = _transition(theta, interval)
    e = rng.standard_normal((steps, len(theta)))
    x = np.empty((steps, len(theta)))
    x[0] = m + np.sqrt(v) * e[0]
    for t in range(1, steps):
        x[t] = m + (x[t - 1] - m) * keep + np.sqrt(noise) * e[t]
    return x.T


def _log_likelihood(theta, x, interval):
    m, keep, v, noise = (part[:, None] for part in _transition(theta, interval))
    expected = m + (x[:, :-1] - m) * keep
    return _log_normal(x[:, :1] - m, v) + _log_normal(x[:, 1:] - expected, noise)


def _log_normal(difference, variance):
    return -0.5 * (difference**2 / variance + LOG_2PI + np.log(variance)).sum(axis=1)
