"""Scale and shift, elementwise, with a log-scale that cannot run away.

    s = bounded(a) = c tanh(a / c)      unit slope at 0, and |s| <= c                       (1)
    forward   x = exp(s) z + t          log-derivative  s                                   (2)
    inverse   z = exp(-s) (x - t)       log-derivative -s                                   (3)

Pullbacks, for gradients g_x (or g_z) of the value and g_l of the log-derivative:

    (1)  g_a = g_s (1 - (s/c)^2)
    (2)  g_z = g_x exp(s),    g_t = g_x,     g_s = g_x exp(s) z + g_l
    (3)  g_x = g_z exp(-s),   g_t = -g_x,    g_s = -g_z z - g_l

s and t may be broadcast against z, as (D, 1) against (D, N): their gradients are then summed over the batch.

Where exp(s) or exp(-s) is infinite, its product with a distance of 0 is NaN, at the one point where the value is sure.
So a log-scale that nothing bounds is `held` before it comes here, and (1) holds s where c is as large as that.
"""

from __future__ import annotations

from functools import cache
from math import log

import autograd.numpy as np
import numpy as onp

from nfscratch.ops.layout import sum_to

SAFE = 80.0  # up to this e^s is a number of every dtype


@cache
def end(dtype):
    """The largest s whose e^s is a number of the dtype, however it is rounded."""
    numbers = onp.finfo(dtype)
    return log(float(numbers.max)) * (1.0 - 4.0 * float(numbers.eps))


def held(s):
    """s, or the nearest number whose exp(s) and exp(-s) are finite."""
    most = end(s.dtype)
    return np.minimum(np.maximum(s, -most), most)


def bounded(a, c):
    s = c * np.tanh(a / c)
    return s if c <= SAFE else held(s)


def bounded_vjp(a, c):
    t = onp.tanh(a * (1.0 / c))
    if c <= SAFE:
        return t * c, lambda g_s: g_s * (1.0 - t * t)
    s = t * c
    return held(s), lambda g_s: g_s * (1.0 - t * t) * (onp.abs(s) < end(s.dtype))


def affine(s, t, z):
    """x = exp(s) z + t."""
    return np.exp(s) * z + t


def affine_inverse(s, t, x):
    """z = exp(-s) (x - t)."""
    return np.exp(-s) * (x - t)


def affine_vjp(s, t, z):
    """x, and pullback(g_x, g_l) -> g_s, g_t, g_z; the log-derivative is s itself."""
    scaled = onp.exp(s) * z

    def pullback(g_x, g_l):
        return sum_to(g_x * scaled + g_l, s.shape), sum_to(g_x, t.shape), g_x * onp.exp(s)

    return scaled + t, pullback


def affine_inverse_vjp(s, t, x):
    """z, and pullback(g_z, g_l) -> g_s, g_t, g_x; the log-derivative is -s."""
    scale = onp.exp(-s)
    z = (x - t) * scale

    def pullback(g_z, g_l):
        g_x = g_z * scale
        return sum_to(-(g_z * z + g_l), s.shape), sum_to(-g_x, t.shape), g_x

    return z, pullback
