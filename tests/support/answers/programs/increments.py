import numpy as np


def forward(z):
    r = np.sqrt(1 + z[:, 1:] ** 2)
    a = np.abs(z[:, 1:]) + r
    steps = np.where(z[:, 1:] > 0, a, 1 / a)
    return np.cumsum(np.hstack([z[:, :1], steps]), axis=1), np.sum(np.log(steps) - np.log(r), axis=1)


def inverse(x):
    d = np.diff(x, axis=1)
    z = 0.5 * (d - 1 / d)
    return np.hstack([x[:, :1], z]), np.sum(np.log(0.5 + 0.5 / d**2), axis=1)


SUBJECT = (forward, inverse)
OPTIONS = {"dims": (3,)}
