"""An affine coupling layer: the first half of z stays, and says how the second half is scaled and shifted.

x_2 = z_2 exp(s) + t,   s = tanh(z_1 A),   t = z_1 B          log|det J| = sum of s
"""

import numpy as np


def layer(rng):
    A, B = rng.normal(size=(2, 16, 16))

    def split(a):
        k = a.shape[1] - a.shape[1] // 2
        return a[:, :k], a[:, k:]

    def scale_and_shift(first, width):
        k = first.shape[1]
        return np.tanh(first @ A[:k, :width]), first @ B[:k, :width]

    def forward(z):
        first, second = split(z)
        s, t = scale_and_shift(first, second.shape[1])
        x = np.concatenate([first, second * np.exp(s) + t], axis=1)
        return x, s.sum(axis=1)

    def inverse(x):
        first, second = split(x)
        s, t = scale_and_shift(first, second.shape[1])
        z = np.concatenate([first, (second - t) * np.exp(-s)], axis=1)
        return z, -s.sum(axis=1)

    return forward, inverse
