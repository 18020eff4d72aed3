import numpy as np


def mlp(h, seed):
    q = np.random.default_rng(seed)
    a = np.maximum(0, h @ q.normal(size=(h.shape[1], 12)) + q.normal(size=12))
    return a @ q.normal(size=(12, 3)) * 0.3


def forward(z):
    z1, z2 = np.split(z, [3], axis=1)
    ls = np.tanh(mlp(z1, 1))
    x2 = z2 * np.exp(ls) + mlp(z1, 2)
    return np.concatenate((z1, x2), axis=1), np.sum(ls, 1)


def inverse(x):
    x1, x2 = np.split(x, [3], axis=1)
    ls = np.tanh(mlp(x1, 1))
    z2 = (x2 - mlp(x1, 2)) * np.exp(-ls)
    return np.concatenate((z2, x1), axis=1), -np.sum(ls, 1)


SUBJECT = (forward, inverse)
OPTIONS = {"dims": (6,)}
