"""One bin of a rational-quadratic spline: a quotient of two quadratics, with both ends and both end slopes given.

u in [0, w] is the way into the bin, r in [0, h] the way up. With xi = u / w, s = h / w and q = xi (1 - xi):

    r      = h (s xi^2 + d0 q) / den,     den = s + (d0 + d1 - 2 s) q                                  (1)
    dr/du  = top (s / den)^2,             top = d1 xi^2 + 2 s q + d0 (1 - xi)^2                        (2)

(1) is h at xi = 1 and 0 at xi = 0, where (2) is d1 and d0: the four Hermite conditions. Every coefficient of top and
of den = s xi^2 + (d0 + d1) q + s (1 - xi)^2 is positive, so the slope is, whatever the slopes at the ends: no cubic
has that. The inverse is the root of a xi^2 + b xi + c = 0 in [0, 1], where t = r / h:

    a = s - d0 + t m,     b = d0 - t m,     c = -s t,     m = d0 + d1 - 2 s                            (3)
    xi = -2 c / (b + sqrt(b^2 - 4 a c)) for b >= 0,     (sqrt(b^2 - 4 a c) - b) / (2 a) for b < 0      (4)

The two forms of (4) are one number, and neither subtracts nearly equal ones; the published form is the first.
The discriminant is (s top / den)^2 > 0, and rounding makes it negative where the slope is small (nflows#87).

Gregory and Delbourgo 1982, doi:10.1093/imanum/2.2.123; Durkan et al. 2019, arXiv:1906.04032, equations 4 to 8.
"""

from __future__ import annotations

import autograd.numpy as np
import numpy as onp


def rational_quadratic(u, w, h, d0, d1):
    """r, and log dr/du."""
    xi, s = u / w, h / w
    q, p = xi * (1.0 - xi), 1.0 - xi
    den = s + (d0 + d1 - 2.0 * s) * q
    top = d1 * xi * xi + 2.0 * s * q + d0 * p * p
    return h * (s * xi * xi + d0 * q) / den, np.log(top * np.square(s / den))


def rational_quadratic_inverse(r, w, h, d0, d1):
    """u, on raw values: equation (4)."""
    s, t = h / w, r / h
    m = d0 + d1 - 2.0 * s
    a, b, c = s - d0 + t * m, d0 - t * m, -s * t
    root = onp.sqrt(onp.maximum(b * b - 4.0 * a * c, 0.0))
    far = b < 0
    return w * onp.where(far, root - b, -2.0 * c) / onp.where(far, 2.0 * a, b + root)


def rational_quadratic_vjp(u, w, h, d0, d1):
    """r, log dr/du, and way_back() -> dr/du, d(log dr/du)/du, pullback(g_r, g_l) -> g_u, g_w, g_h, g_d0, g_d1."""
    one_over_w = 1.0 / w
    xi, s = u * one_over_w, h * one_over_w
    p = 1.0 - xi
    q, xi2 = xi * p, xi * xi
    m = d0 + d1
    m -= 2.0 * s
    one_over_den = m * q
    one_over_den += s
    onp.divide(1.0, one_over_den, out=one_over_den)
    d1_xi, d0_p = d1 * xi, d0 * p
    top = d1_xi * xi
    top += d0_p * p
    top += (2.0 * s) * q
    rho = (s * xi2 + d0 * q) * one_over_den
    slope = s * one_over_den
    slope *= slope
    slope *= top

    def way_back():
        one_over_top = 1.0 / top
        r1 = 1.0 - 2.0 * xi  # q'
        # top' = 2 (d1 xi + s (1 - 2 xi) - d0 (1 - xi)),  den' = m (1 - 2 xi)
        bend = (d1_xi - d0_p + s * r1) * one_over_top
        bend -= m * r1 * one_over_den
        bend *= 2.0 * one_over_w

        def pullback(g_r, g_l):
            g_u = g_r * slope
            g_u += g_l * bend
            a = g_r * h * one_over_den
            b = g_l * one_over_top
            c = 2.0 * g_l * one_over_den
            g_s = a * (xi2 - rho * (1.0 - 2.0 * q)) + 2.0 * g_l / s + 2.0 * b * q - c * (1.0 - 2.0 * q)
            shared = (a * rho + c) * q
            g_d0 = a * q + b * (p * p) - shared
            g_d1 = b * xi2 - shared
            g_s *= one_over_w
            g_h = g_r * rho + g_s
            return g_u, -(g_u * xi + g_s * s), g_h, g_d0, g_d1

        return slope, bend, pullback

    return rho * h, onp.log(slope), way_back
