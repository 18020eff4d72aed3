import numpy as np


def permute(idx):
    idx = np.asarray(idx)
    back = idx
    return (lambda z: (z[:, idx], np.zeros(len(z)))), (lambda x: (x[:, back], np.zeros(len(x))))


def affine(seed):
    r = np.random.default_rng(seed)
    W = r.normal(size=(2, 3)) * 0.6

    def f(z):
        s = np.tanh(z[:, :2] @ W)
        return np.concatenate([z[:, :2], np.exp(s) * z[:, 2:] + s], 1), s.sum(1)

    def i(x):
        s = np.tanh(x[:, :2] @ W)
        return np.concatenate([x[:, :2], (x[:, 2:] - s) * np.exp(-s)], 1), -s.sum(1)

    return f, i


SUBJECT = [permute([3, 0, 4, 2, 1]), affine(3), affine(4)]
OPTIONS = {"dims": (5,)}
