import numpy as np

S0 = np.array([0.3, -0.8, 0.5])
p = np.array([2, 0, 1])
W = np.array([[0.9, -0.6]])


def scale_f(z):
    return z * np.exp(S0), np.full(len(z), S0.sum())


def scale_i(x):
    return x * np.exp(-S0), np.full(len(x), -S0.sum())


def coup_f(z):
    s = 1.2 * np.tanh(z[:, :1] @ W)
    return np.hstack([z[:, :1], z[:, 1:] * np.exp(-s) + z[:, :1] ** 2 / 4]), s.sum(1)


def coup_i(x):
    s = 1.2 * np.tanh(x[:, :1] @ W)
    return np.hstack([x[:, :1], (x[:, 1:] - x[:, :1] ** 2 / 4) * np.exp(s)]), s.sum(1)


def perm_f(z):
    return z[:, p], np.zeros(len(z))


def perm_i(x):
    return x[:, np.argsort(p)], np.zeros(len(x))


SUBJECT = [(scale_f, scale_i), (coup_f, coup_i), (perm_f, perm_i)]
OPTIONS = {"dims": (3,)}
