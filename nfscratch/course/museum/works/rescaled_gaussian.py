"""A density of data that were standardised by hand, and its sampler.

y = mu + sigma eps,   x = mean + std y,   eps ~ N(0, I)
log p(x) = log N(eps; 0, I) - sum of log(sigma) - sum of log(std)
"""

import numpy as np


def layer(rng):
    mu, mean = rng.normal(size=(2, 16))
    sigma, std = np.exp(0.3 + 0.5 * rng.random(size=(2, 16)))

    def forward(eps):
        D = eps.shape[1]
        y = mu[:D] + sigma[:D] * eps
        log_det = np.log(sigma[:D]).sum() + np.log(std[:D]).sum()
        return mean[:D] + std[:D] * y, np.full(len(eps), log_det)

    def inverse(x):
        D = x.shape[1]
        y = (x - mean[:D]) / std[:D]
        eps = (y - mu[:D]) / sigma[:D]
        return eps, -forward(eps)[1]

    def log_prob(x):
        D = x.shape[1]
        y = (x - mean[:D]) / std[:D]
        eps = (y - mu[:D]) / sigma[:D]
        log_base = -0.5 * (eps**2 + np.log(2 * np.pi)).sum(axis=1)
        log_q = log_base - np.log(sigma[:D]).sum()
        return log_q - np.log(std[:D]).sum()

    return forward, inverse, log_prob
