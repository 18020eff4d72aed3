"""A planar layer, whose inverse is searched for by halving an interval.

    x = z + u_hat tanh(w.z + b)          log|det J| = log|1 + w.u_hat (1 - tanh(w.z + b)^2)|

It has an inverse if w.u_hat > -1. So u is moved along w until w.u_hat = -1 + log(1 + exp(w.u)). These u need it.
"""

import numpy as np


def layer(rng):
    directions, sideways, b = rng.normal(size=16), 0.3 * rng.normal(size=16), rng.normal()

    def vectors(D):
        w = 0.65 * directions[:D] / np.linalg.norm(directions[:D])
        u = -8 * w + sideways[:D] - (sideways[:D] @ w) * w / (w @ w)
        u_hat = u + (-1 + np.log1p(np.exp(w @ u)) - w @ u) * w / (w @ w)
        return w, u_hat

    def forward(z):
        w, u_hat = vectors(z.shape[1])
        h = np.tanh(z @ w + b)
        log_det = np.log(np.abs(1 + w @ u_hat * (1 - h**2)))
        return z + h[:, None] * u_hat, log_det

    def inverse(x):
        w, u_hat = vectors(x.shape[1])
        low, high = x @ w - 2, x @ w + 2
        for _ in range(60):
            middle = (low + high) / 2
            less = middle + w @ u_hat * np.tanh(middle + b) < x @ w
            low, high = np.where(less, middle, low), np.where(less, high, middle)
        z = x - np.tanh(low + b)[:, None] * u_hat
        return z, -forward(z)[1]

    return forward, inverse
