import numpy as np

pairs = [(0, 1), (1, 2), (2, 3), (0, 3)]
angles = np.random.default_rng(403).uniform(0.3, 1.4, 4)
gain = np.array([1.5, 0.6, 2.0, 0.9])


def rot(x, i, j, th):
    y = x.copy()
    y[:, i] = np.cos(th) * x[:, i] - np.sin(th) * x[:, j]
    y[:, j] = np.sin(th) * x[:, i] + np.cos(th) * x[:, j]
    return y


def forward(z):
    for (i, j), th in zip(pairs, angles):
        z = rot(z, i, j, th)
    return z * gain, np.log(gain).sum() + np.zeros(len(z))


def inverse(x):
    x = x / gain
    for (i, j), th in zip(pairs[::-1], angles[::-1]):
        x = rot(x, i, j, th)
    return x, -np.log(gain).sum() + np.zeros(len(x))


SUBJECT = (forward, inverse)
OPTIONS = {"dims": (4,)}
