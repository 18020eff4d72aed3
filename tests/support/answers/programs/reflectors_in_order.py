from functools import reduce

import numpy as np

V = np.random.default_rng(41).standard_normal((4, 5))
refl = lambda y, v: y - np.outer(y @ v, v) * (2 / np.dot(v, v))


def spin(z):
    return reduce(refl, V, z), np.zeros(len(z))


def unspin(x):
    return reduce(refl, V, x), np.zeros(len(x))


SUBJECT = (spin, unspin)
OPTIONS = {"dims": (5,)}
