"""Toy densities that are a noisy curve: moons, 2spirals, swissroll. Their density is an integral over the curve.

Definitions: FFJORD's toy data (Grathwohl et al. 2019, arXiv:1810.01367), which uses scikit-learn's make_moons and
make_swiss_roll. make_moons puts its points on a fixed grid of angles; here the angle is drawn uniformly, so that
points are independent and have a density.

    x = c(t) + s N,   t ~ w(t)                   p(x) = int w(t) N(x; c(t), s^2 I) dt
    moons      c(t) = 2 (cos t, sin t) - (1, .2)  or  2 (1 - cos t, .5 - sin t) - (1, .2),  t ~ U[0, pi],  s = .2
    swissroll  c(t) = t (cos t, sin t) / 5,  t ~ U[1.5 pi, 4.5 pi],  s = .2
    2spirals   x = +-(c(t) + U[0, d)^2) + s N,  c(t) = t (-cos t, sin t) / 3,  t = 3 pi sqrt(U),  d = 1/6,  s = .1
               p(x) = 1/2 sum_{+-} int w(t) prod_j [Phi((+-x_j - c_j)/s) - Phi((+-x_j - c_j - d)/s)] / d dt

The integral is Gauss-Legendre in panels of equal arc length, about 4 s each. Doubling the nodes moves
log p by less than 1e-11 where log p > -40. Sums are kept in logs, so log p stays finite far from the curve, where
the integrand is narrower than the nodes: there the error grows to 1e-4 of log p itself.
The entropies are the trapezoid rule for -p log p on a grid of step s/4 (step s/2 agrees to 2e-7).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from nfscratch.targets.density import LOG_2PI, Density, in_chunks, log_sum_exp

NUMBERS = 2**17  # held at once in one (points, nodes) array: 1 MiB, which stays in the cache


def even_panels(
    curve: Callable[[np.ndarray], np.ndarray], start: float, end: float, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Legendre nodes t and weights on [start, end], 16 in each of `count` panels equally long on the curve."""
    t = np.linspace(start, end, 4001)
    chords = np.hypot(*np.diff(curve(t), axis=0).T)
    length = np.concatenate([[0.0], np.cumsum(chords)])
    edges = np.interp(np.linspace(0, length[-1], count + 1), length, t)
    node, weight = np.polynomial.legendre.leggauss(16)
    middle, half = (edges[1:] + edges[:-1])[:, None] / 2, np.diff(edges)[:, None] / 2
    return (middle + half * node).ravel(), (half * weight).ravel()


def log_blurred_curve(x: np.ndarray, points: np.ndarray, weights: np.ndarray, sd: float) -> np.ndarray:
    """log sum_m weights[m] N(x; points[m], sd^2 I)."""

    def log_density(x: np.ndarray) -> np.ndarray:
        squares = (x[:, :1] - points[:, 0]) ** 2 + (x[:, 1:] - points[:, 1]) ** 2
        return log_sum_exp(np.log(weights) - squares / (2 * sd**2)) - LOG_2PI - 2 * np.log(sd)

    return in_chunks(log_density, x, NUMBERS // len(points))


# --- moons

MOONS_SD = 0.2


def _moon(t: np.ndarray, inner: np.ndarray | bool) -> np.ndarray:
    sign = np.where(inner, -1.0, 1.0)
    return 2 * np.stack([sign * np.cos(t) + (sign < 0), sign * np.sin(t) + 0.5 * (sign < 0)], axis=1) - [1.0, 0.2]


def _draw_moons(rng: np.random.Generator, n: int) -> np.ndarray:
    on_moon = _moon(np.pi * rng.random(n), rng.integers(2, size=n) == 1)
    return on_moon + MOONS_SD * rng.standard_normal((n, 2))


@cache
def _moons_nodes(count: int = 8) -> tuple[np.ndarray, np.ndarray]:
    t, w = even_panels(lambda t: _moon(t, False), 0.0, np.pi, count)
    return np.concatenate([_moon(t, False), _moon(t, True)]), np.concatenate([w, w]) / (2 * np.pi)


def _log_moons(x: np.ndarray) -> np.ndarray:
    return log_blurred_curve(x, *_moons_nodes(), MOONS_SD)


# --- swissroll

ROLL_SD, ROLL_START, ROLL_END = 0.2, 1.5 * np.pi, 4.5 * np.pi


def _roll(t: np.ndarray) -> np.ndarray:
    return t[:, None] * np.stack([np.cos(t), np.sin(t)], axis=1) / 5


def _draw_swissroll(rng: np.random.Generator, n: int) -> np.ndarray:
    return _roll(ROLL_START + (ROLL_END - ROLL_START) * rng.random(n)) + ROLL_SD * rng.standard_normal((n, 2))


@cache
def _swissroll_nodes(count: int = 24) -> tuple[np.ndarray, np.ndarray]:
    t, w = even_panels(_roll, ROLL_START, ROLL_END, count)
    return _roll(t), w / (ROLL_END - ROLL_START)


def _log_swissroll(x: np.ndarray) -> np.ndarray:
    return log_blurred_curve(x, *_swissroll_nodes(), ROLL_SD)


# --- 2spirals

SPIRAL_SD, SPIRAL_END, SPIRAL_WIDTH = 0.1, 3 * np.pi, 0.5 / 3  # the uniform noise is .5 U before the division by 3


def _spiral(t: np.ndarray) -> np.ndarray:
    return t[:, None] * np.stack([-np.cos(t), np.sin(t)], axis=1) / 3


def _draw_spirals(rng: np.random.Generator, n: int) -> np.ndarray:
    thick = _spiral(SPIRAL_END * np.sqrt(rng.random(n))) + SPIRAL_WIDTH * rng.random((n, 2))
    return np.where(rng.random((n, 1)) < 0.5, 1.0, -1.0) * thick + SPIRAL_SD * rng.standard_normal((n, 2))


@cache
def _spiral_nodes(count: int = 40) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(sign, point, weight) of each node: + and - share one list, so that one maximum serves both."""
    t, w = even_panels(_spiral, 0.0, SPIRAL_END, count)
    w = w * t / SPIRAL_END**2  # t = 3 pi sqrt(U) has density 2 t / (3 pi)^2, and each sign has probability 1/2
    return np.repeat([1.0, -1.0], len(t)), np.tile(_spiral(t), (2, 1)), np.tile(w, 2)


def _window(a: np.ndarray) -> np.ndarray:
    """[Phi((g + d)/s) - Phi(g/s)] exp(a^2/2) for a = g/s > -d/2s: erfcx, not a small difference of numbers near 1."""
    from scipy.special import erfcx

    width = SPIRAL_WIDTH / SPIRAL_SD
    b = a + width
    return 0.5 * (erfcx(a / np.sqrt(2)) - np.exp((a**2 - b**2) / 2) * erfcx(b / np.sqrt(2)))


def _spiral_chunk(x: np.ndarray) -> np.ndarray:
    sign, points, weights = _spiral_nodes()
    half = SPIRAL_WIDTH / 2
    # Distance from the window's middle, less half its width: the window is even, so |.| chooses the small tail.
    a0, a1 = ((np.abs(sign * x[:, j : j + 1] - points[:, j] - half) - half) / SPIRAL_SD for j in (0, 1))
    exponent = -0.5 * (a0**2 + a1**2)
    top = np.maximum(exponent.max(axis=1), -1e300)  # where all overflowed: -inf - -inf would be NaN
    row, node = np.nonzero(exponent > top[:, None] - 45)  # the rest adds less than exp(-45) = 3e-20 of the sum
    terms = np.exp(exponent[row, node] - top[row]) * _window(a0[row, node]) * _window(a1[row, node]) * weights[node]
    return top + np.log(np.bincount(row, terms, minlength=len(x))) - 2 * np.log(SPIRAL_WIDTH)


def _log_spirals(x: np.ndarray) -> np.ndarray:
    return in_chunks(_spiral_chunk, x, NUMBERS // len(_spiral_nodes()[0]))


CURVES = (
    Density(
        "moons",
        2,
        2.393879,
        "Two half circles: x = 2 m + (-1, -.2) + .2 N, m = (cos t, sin t) or (1 - cos t, .5 - sin t), t ~ U[0, pi].",
        _draw_moons,
        _log_moons,
    ),
    Density(
        "swissroll",
        2,
        2.669646,
        "A spiral, uniform in its angle: x = (t (cos t, sin t) + N) / 5, t ~ U[1.5 pi, 4.5 pi].",
        _draw_swissroll,
        _log_swissroll,
    ),
    Density(
        "2spirals",
        2,
        2.645450,
        "Two spirals: x = +-(t (-cos t, sin t) + .5 U^2) / 3 + .1 N, t = 3 pi sqrt(U).",
        _draw_spirals,
        _log_spirals,
    ),
)
