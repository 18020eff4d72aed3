"""An increasing function of each variable, whose inverse has no formula: it is searched for by halving an interval.

x = z + a tanh(z - b)          log|det J| = sum of log(1 + a (1 - tanh(z - b)^2))
"""

import numpy as np


def layer(rng):
    a, b = rng.uniform(1, 3), rng.normal()

    def forward(z):
        h = np.tanh(z - b)
        return z + a * h, np.log1p(a * (1 - h**2)).sum(axis=1)

    def inverse(x):
        low, high = x - a, x + a
        for _ in range(60):
            middle = (low + high) / 2
            less = forward(middle)[0] < x
            low, high = np.where(less, middle, low), np.where(less, high, middle)
        return low, -forward(low)[1]

    return forward, inverse
