import numpy as np

r = np.random.default_rng(812)
F1, F2 = r.normal(size=(2, 2)) * 0.7, r.normal(size=(2, 2)) * 0.7
G1, G2 = r.normal(size=(2, 2)), r.normal(size=(2, 2))


def e(v):
    return 1.2 * np.arctan(v)


def forward(z):
    u1, u2 = z[:, :2], z[:, 2:]
    s2 = e(u2 @ F2)
    v1 = u1 * np.exp(s2) + np.tanh(u2 @ G2)
    s1 = e(v1 @ F1)
    v2 = u2 * np.exp(s1) + np.tanh(v1 @ G1)
    return np.hstack((v1, v2)), s1.sum(1) + s1.sum(1)


def inverse(x):
    v1, v2 = x[:, :2], x[:, 2:]
    s1 = e(v1 @ F1)
    u2 = (v2 - np.tanh(v1 @ G1)) * np.exp(-s1)
    s2 = e(u2 @ F2)
    u1 = (v1 - np.tanh(u2 @ G2)) * np.exp(-s2)
    return np.hstack((u1, u2)), -s1.sum(1) - s2.sum(1)


SUBJECT = (forward, inverse)
OPTIONS = {"dims": (4,)}
