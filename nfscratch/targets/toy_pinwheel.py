"""The pinwheel: five Gaussian blades, each point turned by an angle that grows with its distance along the blade.

Definition: Johnson et al. 2016 (arXiv:1603.06277), in the form of FFJORD's toy data (arXiv:1810.01367).

    f = (1 + .3 N, .1 N),   alpha = 2 pi k/5 + .25 exp(f0),   k uniform in 0..4,   x = 2 R(-alpha) f
    polar: f = r (cos phi, sin phi)  ->  x/2 = r (cos theta, sin theta),  theta = g(phi) - 2 pi k/5
           g(phi) = phi - .25 exp(r cos phi),    g'(phi) = 1 + .25 r sin phi exp(r cos phi)
    p(x) = 1/4 sum_{phi: g(phi) = theta mod 2 pi/5} 1/5 p_f(r cos phi, r sin phi) / |g'(phi)|

The turn keeps r, so inverting it is a search over one angle. While g rises (r < 1.695) each k has one root. Farther
out g has a fall between two turning points, and a point can lie on a blade's fold: three roots or more, all added.
The density has a (integrable) spike where g' = 0; a share of 1e-9 of the mass lies in the folds.
Entropy: -log p averaged over a grid of f (801 x 801 and 401 x 401 agree to 1e-9).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from nfscratch.targets.density import LOG_2PI, Density, in_chunks, log_normal, log_sum_exp

BLADES, RADIAL_SD, TANGENTIAL_SD, RATE = 5, 0.3, 0.1, 0.25
STEP = 2 * np.pi / BLADES
FAR = 5.0  # in r: 13 radial standard deviations out


def _draw_pinwheel(rng: np.random.Generator, n: int) -> np.ndarray:
    f0, f1 = 1 + RADIAL_SD * rng.standard_normal(n), TANGENTIAL_SD * rng.standard_normal(n)
    alpha = STEP * rng.integers(BLADES, size=n) + RATE * np.exp(f0)
    cos, sin = np.cos(alpha), np.sin(alpha)
    return 2 * np.stack([f0 * cos + f1 * sin, f1 * cos - f0 * sin], axis=1)


def _g(phi: np.ndarray, r: np.ndarray) -> np.ndarray:
    return phi - RATE * np.exp(r * np.cos(phi))


def _pull(s: np.ndarray, r: np.ndarray) -> np.ndarray:
    """1 - g'(-s): above 1 between the turning points."""
    return RATE * r * np.sin(s) * np.exp(r * np.cos(s))


def _bisect(above: Callable[[np.ndarray], np.ndarray], low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Where above(t) turns from False at `low` to True at `high` (low > high is fine too)."""
    for _ in range(54):  # 2 pi / 2^54 is below one rounding
        middle = (low + high) / 2
        up = above(middle)
        low, high = np.where(up, low, middle), np.where(up, middle, high)
    return (low + high) / 2


def _turning_points(r: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The two phi in (-pi, 0) with g' = 0; twice the same phi where g only rises."""
    peak = np.arccos(2 * r / (1 + np.sqrt(1 + 4 * r**2)))  # where _pull is largest: r cos^2 + cos = r
    folds = _pull(peak, r) > 1
    near = _bisect(lambda s: _pull(s, r) > 1, np.zeros_like(r), peak)
    far = _bisect(lambda s: _pull(s, r) > 1, np.full_like(r, np.pi), peak)
    return np.where(folds, -far, -peak), np.where(folds, -near, -peak)


def _log_terms(r: np.ndarray, theta: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """log of the sum's terms for the roots with phi in [start, end), where g is monotone: (N, most roots of a row)."""
    g_start, g_end = _g(start, r), _g(end, r)
    first = np.ceil((np.minimum(g_start, g_end) - theta) / STEP)
    count = np.ceil((np.maximum(g_start, g_end) - theta) / STEP) - first
    k = np.arange(max(int(count.max()), 1))
    r, target = r[:, None], theta[:, None] + STEP * (first[:, None] + k)
    rising = (g_end > g_start)[:, None]
    phi = _bisect(lambda phi: (_g(phi, r) > target) == rising, start[:, None] + 0 * k, end[:, None] + 0 * k)
    slope = np.maximum(np.abs(1 - _pull(-phi, r)), 1e-300)
    log_f = log_normal(r * np.cos(phi), 1.0, RADIAL_SD) + log_normal(r * np.sin(phi), 0.0, TANGENTIAL_SD)
    return np.where(k < count[:, None], log_f - np.log(slope), -np.inf)


def _log_near(polar: np.ndarray) -> np.ndarray:
    r, theta = polar.T
    turns = _turning_points(r)
    if np.all(turns[0] == turns[1]):
        ends = [np.full_like(r, -np.pi), np.full_like(r, np.pi)]
    else:
        ends = [np.full_like(r, -np.pi), *turns, np.full_like(r, np.pi)]
    terms = [_log_terms(r, theta, start, end) for start, end in pairwise(ends)]
    return log_sum_exp(np.concatenate(terms, axis=1)) - np.log(4 * BLADES)


def _log_far(r: np.ndarray) -> np.ndarray:
    """The density's mean over the angle, by Laplace: out here (mass 1e-38) the blades wind without end."""
    curvature = (r / TANGENTIAL_SD) ** 2 - r * (r - 1) / RADIAL_SD**2
    log_f = log_normal(r, 1.0, RADIAL_SD) + log_normal(np.zeros_like(r), 0.0, TANGENTIAL_SD)
    return log_f - 0.5 * (LOG_2PI + np.log(curvature)) - np.log(4)


def _log_pinwheel(x: np.ndarray) -> np.ndarray:
    r, theta = np.hypot(x[:, 0], x[:, 1]) / 2, np.arctan2(x[:, 1], x[:, 0])
    log_p = _log_far(r)
    order = np.argsort(r)[: np.count_nonzero(r <= FAR)]  # by radius: few chunks then have folds
    log_p[order] = in_chunks(_log_near, np.stack([r, theta], axis=1)[order], 2**13)
    return log_p


PINWHEEL = Density(
    "pinwheel",
    2,
    2.317788,
    "Five turned blades: x = 2 R(-alpha) f, f = (1 + .3 N, .1 N), alpha = 2 pi k/5 + .25 exp(f0).",
    _draw_pinwheel,
    _log_pinwheel,
)
