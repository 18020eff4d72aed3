"""A rational-quadratic spline between -3 and 3, for each variable, and the identity outside.

In a bin of width w, height h and slopes d_0, d_1 at its ends, with s = h / w and t from 0 to 1 across it:

    x = bottom + h (s t^2 + d_0 t (1 - t)) / (s + m t (1 - t)),   m = d_0 + d_1 - 2 s
    dx/dz = s^2 (d_1 t^2 + 2 s t (1 - t) + d_0 (1 - t)^2) / (s + m t (1 - t))^2
"""

import numpy as np

BOUND, BINS = 3.0, 5


def layer(rng):
    def knots():
        sizes = np.exp(0.6 * rng.normal(size=BINS))
        return np.concatenate([[-BOUND], -BOUND + 2 * BOUND * np.cumsum(sizes) / sizes.sum()])

    knots_z, knots_x = knots(), knots()
    slopes = np.concatenate([[1.0], np.exp(0.7 * rng.normal(size=BINS - 1)), [1.0]])

    def bin_of(a, knots):
        k = np.clip(np.searchsorted(knots, a, side="right") - 1, 0, BINS - 1)
        w, h = knots_z[k + 1] - knots_z[k], knots_x[k + 1] - knots_x[k]
        return knots_z[k], knots_x[k], w, h, slopes[k], slopes[k + 1]

    def curve(t, w, h, d0, d1):
        s, m = h / w, d0 + d1 - 2 * h / w
        below = s + m * t * (1 - t)
        rise = h * (s * t**2 + d0 * t * (1 - t)) / below
        slope = s**2 * (d1 * t**2 + 2 * s * t * (1 - t) + d0 * (1 - t) ** 2) / below**2
        return rise, np.log(slope)

    def forward(z):
        a = np.clip(z, -BOUND, BOUND)
        left, bottom, w, h, d0, d1 = bin_of(a, knots_z)
        rise, log_slope = curve((a - left) / w, w, h, d0, d1)
        inside = np.abs(z) < BOUND
        return np.where(inside, bottom + rise, z), np.where(inside, log_slope, 0.0).sum(axis=1)

    def inverse(x):
        y = np.clip(x, -BOUND, BOUND)
        left, bottom, w, h, d0, d1 = bin_of(y, knots_x)
        s, r = h / w, y - bottom
        m = d0 + d1 - 2 * s
        a, b, c = h * (s - d0) + r * m, h * d0 - r * m, -s * r
        t = 2 * c / (-b - np.sqrt(np.maximum(b**2 - 4 * a * c, 0)))
        log_slope = curve(t, w, h, d0, d1)[1]
        inside = np.abs(x) < BOUND
        return np.where(inside, left + t * w, x), -np.where(inside, log_slope, 0.0).sum(axis=1)

    return forward, inverse
