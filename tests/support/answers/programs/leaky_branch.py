import numpy as np

r = np.random.default_rng(121)
A = r.normal(size=(3, 3)) + 2 * np.eye(3)
B = r.normal(size=(3, 3)) - 2 * np.eye(3)
a = 0.3
CONST = np.linalg.slogdet(A)[1] + np.linalg.slogdet(B)[1]


def forward(z):
    y = z @ A.T + 0.5
    h = np.where(y >= 0, y, a * y)
    return h @ B.T, CONST + np.log(a) * (y >= 0).sum(1)


def inverse(x):
    h = np.linalg.solve(B, x.T).T
    y = np.where(h >= 0, h, h / a)
    return np.linalg.solve(A, (y - 0.5).T).T, -CONST - np.log(a) * (h < 0).sum(1)


SUBJECT = (forward, inverse)
OPTIONS = {"dims": (3,)}
