"""A smooth increasing function of each variable, flat in the middle and steep far out: it reaches every number.

x = c sinh(z / c)          log|det J| = sum of log cosh(z / c)
"""

import numpy as np


def layer(rng):
    c = rng.uniform(3.0, 5.0)

    def log_cosh(a):
        return np.logaddexp(a, -a) - np.log(2)

    def forward(z):
        x = c * np.sinh(z / c)
        log_det = log_cosh(z / c).sum(axis=1)
        return x, log_det

    def inverse(x):
        z = c * np.arcsinh(x / c)
        return z, -forward(z)[1]

    return forward, inverse
