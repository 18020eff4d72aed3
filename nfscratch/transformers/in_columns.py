"""Methods of a transformer that are written on batch-last arrays.

    outside    theta (N, D, P) or (D, P)    z (N, D)    x, log-derivative (N, D)
    inside     theta (P, D, N) or (P, D, 1)    z (D, N)    x, log-derivative (D, N)

Inside, each parameter is one contiguous array and broadcasts against z. The two decorators turn every array on the way
in and on the way out, so that a method contains only its formulas.
"""

from __future__ import annotations

from functools import wraps
from inspect import signature

from nfscratch.ops.layout import columns, from_columns


def in_columns(method):
    """For a method of (theta, z) that returns a tuple of arrays (D, N), or (D, 1): they leave as (N, D)."""

    def outside(self, theta, z):
        return tuple(y.T for y in method(self, columns(theta, 2), z.T))

    return _with_names_of(method, outside)


def in_columns_vjp(method):
    """For a method of (theta, z) that returns x, log-derivative, and pullback(g_x, g_l) -> g_theta (P, D, N), g_z.

    g_theta may be summed over the batch already, (P, D, 1), where theta is shared; if it is not, it is summed here.
    """

    def outside(self, theta, z):
        x, log_d, back = method(self, columns(theta, 2), z.T)

        def pullback(g_x, g_l):
            g_theta, g_z = back(g_x.T, g_l.T)
            return from_columns(g_theta, theta), g_z.T

        return x.T, log_d.T, pullback

    return _with_names_of(method, outside)


def _with_names_of(method, outside):
    """`outside`, whose last argument is called as that of `method`: z of a forward, x of an inverse."""

    def of_x(self, theta, x):
        return outside(self, theta, x)

    return wraps(method)(of_x if "x" in signature(method).parameters else outside)
