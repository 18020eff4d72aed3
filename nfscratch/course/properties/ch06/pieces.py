"""The rational quadratic of the checks' own: one bin, a spline of several bins, and derivatives by differences."""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as onp

DIGITS = 60


def height(xi, s, d0, d1):
    """y at xi, counted from the right end: 1 - y is the same curve with its ends exchanged."""
    eta = 1 - xi
    return 1 - (d1 * xi * eta + s * eta**2) / (s + (d0 + d1 - 2 * s) * xi * eta)


def steepness(xi, s, d0, d1):
    """dx/dz = s dy/dxi at xi, by the quotient rule."""
    Q, dQ = s + (d0 + d1 - 2 * s) * xi * (1 - xi), (d0 + d1 - 2 * s) * (1 - 2 * xi)
    N, dN = d0 * xi * (1 - xi) + s * xi**2, d0 * (1 - 2 * xi) + 2 * s * xi
    return s * (dN * Q - N * dQ) / Q**2


def place(y, s, d0, d1):
    """The xi at which the height is y, with 60 digits on the way."""
    with localcontext() as context:
        context.prec = DIGITS
        y, s, d0, d1 = (Decimal(float(number)) for number in (y, s, d0, d1))
        b = d0 - y * (d0 + d1 - 2 * s)
        a, c = s - b, -s * y
        root = (b * b - 4 * a * c).sqrt()
        return float((root - b) / (2 * a) if b < 0 else -2 * c / (b + root))


def random_knots(rng, K, bound):
    return _joined(rng.uniform(0.3, 1, size=K), bound)


def _joined(widths, bound):
    return onp.concatenate([[-bound], (2 * onp.cumsum(widths) / widths.sum() - 1)[:-1] * bound, [bound]])


def random_spline(rng, K, bound):
    """zk, xk, d: bins that grow in z and shrink in x, so that the knots are far apart, and slopes that are 1 at the ends."""
    w, h = onp.sort(rng.uniform(0.3, 1, size=(2, K)))
    return _joined(w, bound), _joined(h[::-1], bound), onp.r_[1.0, rng.uniform(0.3, 3, size=K - 1), 1.0]


def bin_at(value, at):
    """The k with at[k] <= value <= at[k + 1]."""
    return next(k for k in range(len(at) - 1) if value <= at[k + 1])


def spline(z, zk, xk, d):
    """x and dx/dz at a number z in the box."""
    k = bin_at(z, zk)
    w, h = zk[k + 1] - zk[k], xk[k + 1] - xk[k]
    bin_of_z = (z - zk[k]) / w, h / w, d[k], d[k + 1]
    return xk[k] + h * height(*bin_of_z), steepness(*bin_of_z)


def differences(f, at, h=1e-4):
    """f' at every number of `at`, by central differences of fourth order. f: takes a list of numbers, gives one each."""
    at = onp.asarray(at, dtype=float)
    values = f([float(a) for step in (h, -h, 2 * h, -2 * h) for a in at + step])
    plus, minus, plus_2, minus_2 = onp.array(values, dtype=float).reshape(4, -1)
    return (8 * (plus - minus) - (plus_2 - minus_2)) / (12 * h)
