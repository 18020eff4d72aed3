import numpy as np

S = np.random.default_rng(402).normal(size=(3, 3))
S = S - S.T
I = np.eye(3)
Q = np.linalg.solve(I + S, I - S)
lam = np.array([0.2, 0.9, -0.6])


def forward(z):
    h = (z @ Q) * np.exp(lam)
    h = np.arcsinh(h) + h
    return h, lam.sum() + np.log1p(1 / np.sqrt(1 + ((z @ Q) * np.exp(lam)) ** 2)).sum(1)


def inverse(x):
    h = x / 2
    for _ in range(60):
        h = h - (np.arcsinh(h) + h - x) / (1 + 1 / np.sqrt(1 + h * h))
    ld = lam.sum() + np.log1p(1 / np.sqrt(1 + h**2)).sum(1)
    return (h * np.exp(-lam)) @ Q, -ld


SUBJECT = (forward, inverse)
OPTIONS = {"dims": (3,)}
