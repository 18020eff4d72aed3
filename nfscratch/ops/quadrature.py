"""Clenshaw-Curtis quadrature: the integral of the polynomial through the Chebyshev points.

    integral_0^1 f  ~  sum_i w_i f(t_i),      t_i = (1 - cos(pi i / n)) / 2,   i = 0 ... n                   (1)

On [-1, 1], at the points cos(pi i / n), the interpolating polynomial is sum_j a_j cos(j theta) with (DCT-I)
a_j = (2/n) sum_i'' f_i cos(pi i j / n), first and last a_j halved (''  : first and last f_i, too). The integral of
cos(j theta) sin(theta) over [0, pi] is 2 / (1 - j^2) for even j and 0 for odd j, so that

    w_i = (c_i / n) (1 - sum_{j=1}^{n/2} b_j cos(2 pi i j / n) / (4 j^2 - 1))     over [0, 1]                (2)
    c_i = 1/2 at both ends, else 1;      b_j = 1 for j = n/2, else 2

It is exact for polynomials up to degree n, all weights are positive, and the error falls like r^-n for a function
that is analytic around the interval. Clenshaw, Curtis 1960; Trefethen 2008, doi:10.1137/060659831.
"""

from __future__ import annotations

from functools import lru_cache

import autograd.numpy as np
import numpy as onp
from autograd.extend import defvjp_argnums, primitive

from nfscratch import autodiff
from nfscratch.backend import Constant


def clenshaw_curtis(n: int):
    """Points and weights of (1) and (2), both (n + 1,), float64."""
    i, j = onp.arange(n + 1), onp.arange(1, n // 2 + 1)
    b = onp.where(2 * j == n, 1.0, 2.0)
    weights = (1.0 - onp.cos(2 * onp.pi * onp.outer(i, j) / n) @ (b / (4.0 * j * j - 1.0))) / n
    weights[[0, -1]] *= 0.5
    return 0.5 * (1.0 - onp.cos(onp.pi * i / n)), weights


@lru_cache
def _constants(n):
    points, weights = clenshaw_curtis(n)
    return Constant(points.reshape(-1, 1, 1)), Constant(weights.reshape(-1, 1, 1))


def quadrature(f, theta, z, n):
    """(1) for integral_0^z f(theta, t) dt, elementwise: z (D, N); f takes t (n + 1, D, N)."""
    points, weights = _constants(n)
    return z * np.sum(weights.on(z) * f(theta, points.on(z) * z), axis=0)


def integral(f, theta, z, n):
    """The same value, with the derivative f(theta, z) in z: that of the integral, not that of its quadrature.

    The two differ by the quadrature's error. Only f is sure to be positive, and its logarithm is the log-derivative
    that a flow reports. Wehenkel and Louppe differentiate so, too.
    """
    return _integral(quadrature, f, n, theta, z)


@primitive
def _integral(rule, f, n, theta, z):
    return rule(f, theta, z, n)


def _integral_vjps(argnums, ans, args, kwargs):
    _, f, n, theta, z = args

    def vjp(g):
        _, pullback = autodiff.value_and_vjp(lambda p: quadrature(f, p, z, n), theta)
        return [pullback(g)[0] if i == 3 else g * f(theta, z) for i in argnums]

    return vjp


defvjp_argnums(_integral, _integral_vjps)
