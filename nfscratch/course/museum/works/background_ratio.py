"""How much likelier x is under one flow than under another: log p(x) - log p_0(x). It finds what is unlike its kind.

p: x = mean + scale z,   p_0: x = z,   z ~ N(0, I)
"""

import numpy as np


def layer(rng):
    def log_base(z):
        return -0.5 * (z**2 + np.log(2 * np.pi)).sum(axis=1)

    def log_prob(x, mean, scale):
        z = (x - mean) / scale
        return log_base(z) - x.shape[1] * np.log(scale)

    def log_ratio(x, mean, scale):
        return log_prob(x, mean, scale) - log_prob(x, 0, 1)

    return log_ratio
