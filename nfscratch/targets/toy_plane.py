"""Toy densities with a closed form: Gaussians, squares, rings, bent Gaussians, the funnel.

Definitions of 8gaussians, checkerboard, circles and rings: FFJORD's toy data (Grathwohl et al. 2019,
arXiv:1810.01367). crescent, cubed, sine, abs, sign: the code of Durkan et al. 2019 (arXiv:1906.04032).
banana: after Haario et al. 1999. funnel: Neal 2003.

    8gaussians     p(x) = 1/8 sum_k N(x; m_k, s^2 I)
    checkerboard   p(x) = 1/32 on 8 squares of side 2
    rings          p(x) = 1/K sum_k exp(-(|x| - R_k)^2 / (2 s^2)) i0e(|x| R_k / s^2) / (2 pi s^2)
    bent           p(x) = N(x0; 0, s0^2) N(x1; mean(x0), s^2);    H = log(2 pi e) + log s0 + log s
    funnel         p(x) = N(x0; 0, 3^2) prod_i N(xi; 0, exp(x0));  H = 10/2 log(2 pi e) + log 3

where i0e(t) = exp(-t) I_0(t): the Gaussian blur of a circle, integrated over the angle. (A Gaussian's height at
its own ring is exp(|x| R / s^2) too large for a float; i0e takes that factor out.)
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nfscratch.targets.density import LOG_2PI, Density, log_normal, log_sum_exp

# --- 8gaussians: eight blobs on a circle


EIGHT_SCALE = 1.414  # as in the original code: 1.414, not sqrt(2)
EIGHT_ANGLES = np.arange(8) * np.pi / 4
EIGHT_CENTRES = 4 / EIGHT_SCALE * np.stack([np.cos(EIGHT_ANGLES), np.sin(EIGHT_ANGLES)], axis=1)
EIGHT_SD = 0.5 / EIGHT_SCALE


def _draw_eight(rng: np.random.Generator, n: int) -> np.ndarray:
    return EIGHT_CENTRES[rng.integers(8, size=n)] + EIGHT_SD * rng.standard_normal((n, 2))


def _log_eight(x: np.ndarray) -> np.ndarray:
    return log_sum_exp(log_normal(x[:, None, :], EIGHT_CENTRES, EIGHT_SD).sum(axis=2)) - np.log(8)


# --- checkerboard: x = 2 y; y1 lies in a unit cell that starts at an even row above even columns, else an odd one


def _draw_checkerboard(rng: np.random.Generator, n: int) -> np.ndarray:
    y0 = 4 * rng.random(n) - 2
    y1 = rng.random(n) - 2 * rng.integers(2, size=n) + np.floor(y0) % 2
    return 2 * np.stack([y0, y1], axis=1)


def _log_checkerboard(x: np.ndarray) -> np.ndarray:
    y0, y1 = x[:, 0] / 2, x[:, 1] / 2
    row = np.floor(y1) - np.floor(y0) % 2  # 0 and -2 are filled
    inside = (y0 >= -2) & (y0 < 2) & ((row == 0) | (row == -2))
    return np.where(inside, -np.log(32.0), -np.inf)


# --- rings: circles with Gaussian noise


def rings(name: str, radii: tuple[float, ...], sd: float, entropy: float, about: str) -> Density:
    """Circles of the given radii, each as likely, angle uniform, plus N(0, sd^2) on each coordinate."""
    radius = np.array(radii)

    def draw(rng: np.random.Generator, n: int) -> np.ndarray:
        angle, r = 2 * np.pi * rng.random(n), radius[rng.integers(len(radii), size=n)]
        return np.stack([r * np.cos(angle), r * np.sin(angle)], axis=1) + sd * rng.standard_normal((n, 2))

    def log_density(x: np.ndarray) -> np.ndarray:
        from scipy.special import i0e

        rho = np.hypot(x[:, 0], x[:, 1])[:, None]
        terms = -0.5 * ((rho - radius) / sd) ** 2 + np.log(i0e(rho * radius / sd**2))
        return log_sum_exp(terms) - LOG_2PI - 2 * np.log(sd) - np.log(len(radii))

    return Density(name, 2, entropy, about, draw, log_density)


# --- bent Gaussians: x0 is Gaussian, x1 is Gaussian about a curve


def bent(name: str, mean: Callable[[np.ndarray], np.ndarray], sd: float, about: str, sd0: float = 1.0) -> Density:
    """x0 ~ N(0, sd0^2), x1 ~ N(mean(x0), sd^2). The bend is volume-preserving: it leaves the entropy alone."""

    def draw(rng: np.random.Generator, n: int) -> np.ndarray:
        x0, noise = rng.standard_normal((2, n))
        return np.stack([sd0 * x0, mean(sd0 * x0) + sd * noise], axis=1)

    def log_density(x: np.ndarray) -> np.ndarray:
        return log_normal(x[:, 0], 0.0, sd0) + log_normal(x[:, 1], mean(x[:, 0]), sd)

    return Density(name, 2, float(LOG_2PI + 1 + np.log(sd0) + np.log(sd)), about, draw, log_density)


# --- funnel: the scale of nine coordinates is set by the tenth


FUNNEL_DIM, FUNNEL_SD = 10, 3.0


def _draw_funnel(rng: np.random.Generator, n: int) -> np.ndarray:
    x = rng.standard_normal((n, FUNNEL_DIM))
    x[:, 0] *= FUNNEL_SD
    x[:, 1:] *= np.exp(x[:, :1] / 2)
    return x


def _log_funnel(x: np.ndarray) -> np.ndarray:
    x0, rest = x[:, 0], x[:, 1:]
    squares = np.exp(2 * np.log(np.abs(rest)) - x[:, :1])  # (xi / sd)^2 in logs: 0 * exp(inf) would be NaN
    k = FUNNEL_DIM - 1
    return log_normal(x0, 0.0, FUNNEL_SD) - 0.5 * (squares.sum(axis=1) + k * x0 + k * LOG_2PI)


PLANE = (
    Density(
        "8gaussians",
        2,
        2.831880,
        "Eight Gaussians on a circle: x = (4 (cos k pi/4, sin k pi/4) + .5 N) / 1.414.",
        _draw_eight,
        _log_eight,
    ),
    Density(
        "checkerboard",
        2,
        float(np.log(32)),
        "Eight filled squares of a board: y0 = 4U - 2, y1 = U - 2 Bernoulli(1/2) + (floor(y0) mod 2), x = 2 y.",
        _draw_checkerboard,
        _log_checkerboard,
    ),
    rings(
        "circles", (3.0, 1.5), 0.24, 3.268136, "Two circles: x = 3 (R (cos a, sin a) + .08 N), R in {1, .5}, a uniform."
    ),
    rings(
        "rings",
        (3.0, 2.25, 1.5, 0.75),
        0.08,
        2.623183,
        "Four circles: x = R (cos a, sin a) + .08 N, R in {3, 2.25, 1.5, .75} equally likely, a uniform.",
    ),
    bent("crescent", lambda t: 0.5 * t**2 - 1, np.exp(-1), "A crescent: x0 ~ N(0, 1), x1 ~ N(.5 x0^2 - 1, exp(-2))."),
    bent("cubed", lambda t: 0.2 * t**3, 1.0, "A cubic ridge: x0 ~ N(0, 1), x1 ~ N(.2 x0^3, 1)."),
    bent("sine", lambda t: np.sin(5 * t), np.exp(-1), "A sine wave: x0 ~ N(0, 1), x1 ~ N(sin 5 x0, exp(-2))."),
    bent("abs", lambda t: np.abs(t) - 1, np.exp(-1.5), "A kink: x0 ~ N(0, 1), x1 ~ N(|x0| - 1, exp(-3))."),
    bent("sign", lambda t: np.sign(t) + t, np.exp(-1.5), "A jump: x0 ~ N(0, 1), x1 ~ N(sign(x0) + x0, exp(-3))."),
    bent(
        "banana",
        lambda t: 0.03 * (t**2 - 100),
        1.0,
        "The banana: x0 ~ N(0, 10^2), x1 ~ N(.03 (x0^2 - 100), 1).",
        sd0=10.0,
    ),
    Density(
        "funnel",
        FUNNEL_DIM,
        float(0.5 * FUNNEL_DIM * (LOG_2PI + 1) + np.log(FUNNEL_SD)),
        "Neal's funnel in 10 dimensions: x0 ~ N(0, 3^2), xi ~ N(0, exp(x0)), i = 1 to 9.",
        _draw_funnel,
        _log_funnel,
    ),
)
