"""The evidence lower bound of a model that has a closed form: z ~ N(0, 1), x ~ N(z, 1), and so x ~ N(0, 2).

z_K = mu + sigma z_0,   z_0 ~ N(0, 1),   log q(z_K) = log N(z_0; 0, 1) - log sigma
ELBO = E[log p(x, z_K) - log q(z_K)]          the posterior is N(x / 2, 1 / 2), and there ELBO = log p(x)
"""

import numpy as np


def log_normal(a, mean, sd):
    return -0.5 * ((a - mean) / sd) ** 2 - np.log(sd) - 0.5 * np.log(2 * np.pi)


def layer(rng):
    def elbo(x, mu, sigma, z_0):
        z_K = mu + sigma * z_0
        log_q = log_normal(z_0, 0, 1) - np.log(sigma)
        log_joint = log_normal(z_K, 0, 1) + log_normal(x, z_K, 1)
        return np.mean(log_joint - log_q)

    return elbo
