"""One bin of a linear, quadratic or cubic spline. u in [0, w] is the way into the bin, r the way up; xi = u / w.

    linear      r = s u                                              slope  s = h / w                             (1)
    quadratic   r = u (d0 + (d1 - d0) xi / 2)                        slope  d0 + (d1 - d0) xi                     (2)
    cubic       r = u (d0 + xi (b + xi a))                           slope  d0 + xi (2 b + 3 xi a)                (3)
                b = 3 s - 2 d0 - d1,    a = d0 + d1 - 2 s

(2) is the integral of a slope that goes straight from d0 to d1. (3) is the cubic with height h and slopes d0, d1 at
its ends (Hermite). Inverses:

    (1)  u = r / s
    (2)  u = 2 r / (d0 + sqrt(d0^2 + 2 (d1 - d0) r / w))             a sum of positive numbers below the line    (4)
    (3)  Newton from the nearer end of the bin, where (4) with the same b is close

The root formula of a cubic with cosines loses half of the digits where three roots are nearly one, and needs a case
for each sign. Newton has neither fault: seen from the nearer end, in at most half of the bin, the curve bends one way,
and 12 steps reach the last digit.
"""

from __future__ import annotations

import autograd.numpy as np
import numpy as onp

NEWTON_STEPS = 12

# --- linear ---


def linear(u, w, h):
    """r, and log dr/du."""
    return u * (h / w), np.log(h / w)


def linear_inverse(r, w, h):
    return r * (w / h)


def linear_vjp(u, w, h):
    """r, log dr/du, and way_back() -> dr/du, d(log dr/du)/du, pullback(g_r, g_l) -> g_u, g_w, g_h."""
    s = h / w

    def pullback(g_r, g_l):
        g_h = (g_r * u + g_l / s) / w
        return g_r * s, -g_h * s, g_h

    return u * s, onp.log(s), lambda: (s, onp.zeros_like(u), pullback)


# --- quadratic ---


def quadratic(u, w, d0, d1):
    """r, and log dr/du."""
    rise = (d1 - d0) * (u / w)
    return u * (d0 + 0.5 * rise), np.log(d0 + rise)


def quadratic_inverse(r, w, d0, d1):
    """Equation (4)."""
    return 2.0 * r / (d0 + onp.sqrt(onp.maximum(d0 * d0 + 2.0 * (d1 - d0) * r / w, 0.0)))


def quadratic_vjp(u, w, d0, d1):
    """r, log dr/du, and way_back() -> dr/du, d(log dr/du)/du, pullback(g_r, g_l) -> g_u, g_w, g_d0, g_d1."""
    xi, rise = u / w, d1 - d0
    slope = d0 + rise * xi
    bend = rise / (w * slope)

    def pullback(g_r, g_l):
        per_slope, half = g_l / slope, 0.5 * g_r * u
        g_d1 = (half + per_slope) * xi
        g_d0 = g_r * u + per_slope - g_d1
        return g_r * slope + g_l * bend, -g_d1 * rise / w, g_d0, g_d1

    return u * (d0 + 0.5 * rise * xi), onp.log(slope), lambda: (slope, bend, pullback)


# --- cubic ---


def cubic(u, w, h, d0, d1):
    """r, and log dr/du."""
    xi, s = u / w, h / w
    b, a = 3.0 * s - 2.0 * d0 - d1, d0 + d1 - 2.0 * s
    return u * (d0 + xi * (b + xi * a)), np.log(d0 + xi * (2.0 * b + 3.0 * xi * a))


def cubic_inverse(r, w, h, d0, d1):
    """Newton for xi in [0, 1/2], or for 1 - xi in [0, 1/2], whichever it is."""
    s, t = h / w, r / w
    far = t > 0.5 * s + 0.125 * (d0 - d1)  # the height at xi = 1/2
    t, near, other = onp.where(far, s - t, t), onp.where(far, d1, d0), onp.where(far, d0, d1)
    b, a = 3.0 * s - 2.0 * near - other, near + other - 2.0 * s
    xi = 2.0 * t / (near + onp.sqrt(onp.maximum(near * near + 4.0 * b * t, 0.0)))
    for _ in range(NEWTON_STEPS):
        xi = onp.clip(xi, 0.0, 0.5)
        xi -= (xi * (near + xi * (b + xi * a)) - t) / (near + xi * (2.0 * b + 3.0 * xi * a))
    return w * onp.where(far, 1.0 - xi, xi)


def cubic_vjp(u, w, h, d0, d1):
    """r, log dr/du, and way_back() -> dr/du, d(log dr/du)/du, pullback(g_r, g_l) -> g_u, g_w, g_h, g_d0, g_d1."""
    xi, s = u / w, h / w
    b, a = 3.0 * s - 2.0 * d0 - d1, d0 + d1 - 2.0 * s
    xi2 = xi * xi
    slope = d0 + xi * (2.0 * b + 3.0 * xi * a)
    bend = (2.0 * b + 6.0 * xi * a) / (w * slope)

    def pullback(g_r, g_l):
        g_u, per_slope, gu = g_r * slope + g_l * bend, g_l / slope, g_r * u
        g_b, g_a = (gu + 2.0 * per_slope) * xi, (gu + 3.0 * per_slope) * xi2
        g_d = gu + per_slope
        g_s = 3.0 * g_b - 2.0 * g_a
        # u is given, and xi = u / w: w acts through xi and s alone.
        g_xi = gu * (b + 2.0 * xi * a) + per_slope * (2.0 * b + 6.0 * xi * a)
        g_w = -(g_xi * xi + g_s * s) / w
        return g_u, g_w, g_s / w, g_d - 2.0 * g_b + g_a, g_a - g_b

    return u * (d0 + xi * (b + xi * a)), onp.log(slope), lambda: (slope, bend, pullback)
