"""What the pairs are made of: fixed weights, and log-determinants that are changed on purpose."""

import zlib
from functools import lru_cache

import numpy as onp

LOG_2PI = onp.log(2 * onp.pi)


@lru_cache
def weights(tag, *shape):
    return onp.random.default_rng([zlib.crc32(tag.encode()), *shape]).normal(size=shape)


def total(s):
    return s.sum(axis=1)


def normal(z):
    return -0.5 * (z**2).sum(axis=1) - 0.5 * z.shape[1] * LOG_2PI


def negated(pair, which=(True, True)):
    flips = [-1 if w else 1 for w in which]
    return tuple(
        lambda a, f=f, sign=sign: (lambda y, l: (y, sign * l))(*f(a)) for f, sign in zip(pair, flips, strict=True)
    )


def with_log_det(pair, change):
    """Both directions with change(log_det, x)."""
    return tuple(lambda a, f=f: (lambda y, l: (y, change(l, a)))(*f(a)) for f in pair)
