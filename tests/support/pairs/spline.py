"""A rational-quadratic spline on [-3, 3], elementwise, and the identity outside."""

from functools import lru_cache

import numpy as onp

from pairs.parts import weights

B = 3.0
BINS = 5
END_SLOPES = {"end slopes": (0.5, 2.0), "nearly 1": (0.999, 0.999)}  # in place of 1


@lru_cache
def knots(i):
    w, h = (onp.exp(0.6 * weights(tag, BINS, i + 1)[:, i]) for tag in ("w", "h"))
    d = onp.concatenate([[1.0], onp.exp(0.7 * weights("d", BINS - 1, i + 1)[:, i]), [1.0]])
    return *(onp.concatenate([[-B], -B + 2 * B * onp.cumsum(v) / v.sum()]) for v in (w, h)), d


def one_spline(v, i, back, bug):
    kx, ky, d = knots(i)
    if bug in END_SLOPES:
        d = onp.concatenate([[END_SLOPES[bug][0]], d[1:-1], [END_SLOPES[bug][1]]])
    inside = (v >= -B) & (v <= B) if bug == "index" else (v > -B) & (v < B)
    searched = ky if back and bug != "searches x" else kx
    u = v if bug == "index" else onp.clip(v, -B, B)
    k = onp.searchsorted(searched, u, side="right") - 1
    k = onp.where(inside, k, 0) if bug == "index" else onp.clip(k, 0, BINS - 1)
    w, h = kx[k + 1] - kx[k], ky[k + 1] - ky[k]
    slope, d0, d1 = h / w, d[k], d[k + 1]
    if bug == "swapped":
        d0, d1 = d1, d0
    mix = d0 + d1 - 2 * slope
    if back:
        y = u - ky[k]
        a, b, c = h * (slope - d0) + y * mix, h * d0 - y * mix, -slope * y
        root = onp.sqrt(onp.maximum(b * b - 4 * a * c, 0.0))
        xi = 2 * c / (-b + root) if bug == "other root" else 2 * c / (-b - root)
        out = kx[k] + xi * w
    else:
        xi = (u - kx[k]) / w
        out = ky[k] + h * (slope * xi**2 + d0 * xi * (1 - xi)) / (slope + mix * xi * (1 - xi))
    below = slope + mix * xi * (1 - xi)
    top = d1 * xi**2 + 2 * slope * xi * (1 - xi) + d0 * (1 - xi) ** 2
    power_s, power_q = (1 if bug == "slope" else 2), (1 if bug == "denominator" else 2)
    l = power_s * onp.log(slope) + onp.log(top) - power_q * onp.log(below)
    tail = onp.full_like(v, onp.nan) if bug == "outside" else v
    return onp.where(inside, out, tail), onp.where(inside, -l if back else l, 0.0)


def spline(bug=""):
    def run(v, back):
        parts = [one_spline(v[:, i], i, back, bug) for i in range(v.shape[1])]
        return onp.stack([p[0] for p in parts], axis=1), sum(p[1] for p in parts)

    return lambda z: run(z, False), lambda x: run(x, True)
