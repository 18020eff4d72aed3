import numpy as np

pw = np.array([1.8, 0.6, 1.2])
pi = [2, 0, 1]


def forward(z):
    y = z[:, pi]
    x = 1.0 - y**pw
    return x, (np.log(pw) + (pw - 1) * np.log(y)).sum(1)


def inverse(x):
    q = x
    y = q ** (1 / pw)
    ld = (np.log(pw) + (pw - 1) * np.log(y)).sum(1)
    z = np.empty_like(y)
    z[:, pi] = y
    return z, -ld


SUBJECT = (forward, inverse)
OPTIONS = {"dims": (3,), "domain": (0.0, 1.0), "codomain": (0.0, 1.0)}
