"""Both directions of a bijection at one pair of points, and their pullbacks for random cotangents."""

import numpy as onp

from nfscratch import backend, trees


def in_dtype(example, dtype):
    bijection, params, z, context = example
    return bijection, trees.cast(params, dtype), z.astype(dtype), None if context is None else context.astype(dtype)


def directions(bijection, params, z, context):
    """(direction, input) for both, at the same pair of points."""
    x, _ = bijection.forward(params, z, context)
    return [("forward", z), ("inverse", x)]


def pullback_of(bijection, direction, params, at, context, cls=None):
    """y, log_det and the three gradients for random cotangents; `cls`: whose method (Bijection: the default)."""
    rng = onp.random.default_rng(1)
    method = getattr(cls or type(bijection), f"{direction}_vjp")
    y, log_det, pullback = method(bijection, params, at, context)
    g_y, g_log_det = (like(rng.normal(size=a.shape), a) for a in (y, log_det))
    return y, log_det, *pullback(g_y, g_log_det)


def like(host, a):
    return backend.asarray(host, dtype=a.dtype, like=a)
