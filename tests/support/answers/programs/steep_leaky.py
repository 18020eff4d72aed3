import numpy as np

SL = np.array([1e-3, 1e3])


def forward(z):
    return np.where(z < 0, SL * z, z), (np.log(SL) * (z < 0)).sum(1)


def inverse(x):
    return np.where(x < 0, x / SL, x), -(np.log(SL) * (x < 0)).sum(1)


SUBJECT = (forward, inverse)
OPTIONS = {"dims": (2,)}
