import numpy as np

g = np.random.default_rng(821)
W = g.normal(size=(3, 3)) + 1.5 * np.eye(3)
b = g.normal(size=3) * 2
ldW = np.linalg.slogdet(W)[1]


def forward(z):
    y = np.where(z > 0, z, 0.4 * z)
    return y @ W.T + b, ldW + np.log(0.4) * (z <= 0).sum(1)


def inverse(x):
    y = np.linalg.solve(W, x.T).T - b
    return np.where(y > 0, y, y / 0.4), -ldW - np.log(0.4) * (y <= 0).sum(1)


SUBJECT = (forward, inverse)
OPTIONS = {"dims": (3,)}
