"""Derivatives of sum, mean, prod, var, std, max and min.

A reduction's gradient is spread over the axes that it reduced. autograd adds NumPy zeros to do so, and divides by an
np.int64: a device array refuses the first, and either turns float32 into float64. Here it is a broadcast view.
"""

import math

import autograd.numpy as np
import numpy as onp
from autograd.extend import defjvp, defvjp
from autograd.numpy import numpy_vjps, numpy_wrapper


def kept_shape(shape, axis):
    """`shape` with length 1 along the reduced `axis`, and the number of entries that went into each result."""
    if axis is None:
        return (1,) * len(shape), math.prod(shape)
    axes = {a % len(shape) for a in (axis if isinstance(axis, tuple) else (axis,))}
    return tuple(1 if i in axes else n for i, n in enumerate(shape)), math.prod(shape[i] for i in axes)


def spread(g, shape, dtype, axis, keepdims):
    """g as a read-only view of `shape`, constant along the reduced axes, and their length."""
    if shape == ():
        return g, 1
    kept, count = kept_shape(shape, axis)
    return np.broadcast_to(np.reshape(g, kept), shape), count


numpy_vjps.repeat_to_match_shape = spread  # sum, mean, prod, var and std look it up there


def chosen(ans, x, axis):
    """1 where x attains its extreme `ans`, else 0, in x's dtype; and how many entries tie for it."""
    kept, _ = kept_shape(np.shape(x), axis)
    picked = (x == np.reshape(ans, kept)).astype(np.result_type(x))
    return picked, onp.sum(picked, axis=axis, keepdims=True), kept


def extreme_vjp(ans, x, axis=None, keepdims=None, **kwargs):
    """The entries that tie share the gradient equally."""
    picked, ties, kept = chosen(ans, x, axis)
    return lambda g: np.reshape(g, kept) / ties * picked


def extreme_jvp(g, ans, x, axis=None, keepdims=None, **kwargs):
    picked, ties, _ = chosen(ans, x, axis)
    return np.sum(g * picked, axis=axis, keepdims=bool(keepdims)) / np.reshape(ties, np.shape(ans))


for extreme in (np.max, np.min, np.amax, np.amin):
    defvjp(extreme, extreme_vjp)
    defjvp(extreme, extreme_jvp)


def var_jvp(g, ans, x, axis=None, ddof=0, keepdims=False, **kwargs):
    """d var = 2 sum (x - mean) dx / (n - ddof), with n a Python int: it does not promote float32."""
    n = kept_shape(np.shape(x), axis)[1]
    centred = np.conj(x - np.mean(x, axis=axis, keepdims=True))
    return 2.0 * np.sum(np.real(g * centred), axis=axis, keepdims=keepdims) / (n - ddof)


def std_jvp(g, ans, x, axis=None, ddof=0, keepdims=False, **kwargs):
    """d std = d var / (2 std)."""
    if kept_shape(np.shape(x), axis)[1] <= 1:
        return np.zeros_like(ans)
    return var_jvp(g, ans, x, axis, ddof, keepdims) / (2.0 * ans)


defjvp(numpy_wrapper._primitive_var, var_jvp)
defjvp(numpy_wrapper._primitive_std, std_jvp)
