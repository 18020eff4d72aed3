"""Two moons: a crescent of noise, shifted by a fold of theta. Greenberg et al. 2019, arXiv:1905.07488; the benchmark
of Lueckmann et al. 2021, arXiv:2101.04653, T.8.

    theta ~ U(-1, 1)^2,   a ~ U(-pi/2, pi/2),   r ~ N(.1, .01^2)
    p = (.25 + r cos a, r sin a),   x = p + (-|u|, v),   u = (theta_1 + theta_2)/sqrt 2,  v = (theta_2 - theta_1)/sqrt 2

The likelihood. Polar coordinates about (.25, 0) have the Jacobian r, so p has the density

    f(p) = N(r; .1, .01^2) / (pi r)     where p_1 > .25,     and     p(x | theta) = f(x_1 + |u|, x_2 - v)         (1)

The posterior. (u, v) is theta turned by 45 degrees, and on each side of the fold p = (x_1 + |u|, x_2 - v) is a shift
of (u, v), mirrored: no areas change, and the prior is flat. So given x, p still has the density f, cut where theta
leaves the box or |u| would be negative, and both signs of u are equally likely:

    p ~ f,   u = +-(p_1 - x_1),   v = x_2 - p_2,   theta = (u - v, u + v)/sqrt 2,   kept if p_1 >= x_1, theta in the box
                                                                                                                  (2)
    p(theta | x) = f(x_1 + |u|, x_2 - v) / Z(x),       Z(x) = the sum over both signs of the share that is kept   (3)

(2) is an exact sampler. For each angle a the kept r are an interval, whose probability is a difference of two normal
distribution functions. Z is the mean over a, by ANGLES midpoints, with a relative error below 1e-6; it is 2 where both
crescents lie in the box.
"""

from __future__ import annotations

import numpy as np

from nfscratch.targets.density import LOG_2PI
from nfscratch.targets.simulators.prior import BoxPrior
from nfscratch.targets.simulators.simulator import Posterior, Simulator

OFFSET, RADIUS, SPREAD = 0.25, 0.1, 0.01
BOX = BoxPrior((-1.0, -1.0), (1.0, 1.0))
FARTHEST = RADIUS + 8 * SPREAD
ANGLES = 4096  # of the quadrature
MOST_AT_ONCE = 2**18
LEAST_MASS = 1e-6  # of 2: below it no draw of (2) is kept in reasonable time, and hardly a simulation ends there
ROOT = np.sqrt(0.5)


def two_moons() -> Simulator:
    """The simulator, with its likelihood (1) and its exact posterior (2), (3)."""
    fold = np.sqrt(2.0)  # the largest |u| and |v|
    reach = np.array([OFFSET - fold, -fold - FARTHEST]), np.array([OFFSET + FARTHEST, fold + FARTHEST])
    return Simulator(
        name="two_moons",
        about="x = (.25 + r cos a - |theta_1 + theta_2|/sqrt 2, r sin a + (theta_2 - theta_1)/sqrt 2).",
        of_theta=BOX,
        data_dim=2,
        reach=reach,
        run=_run,
        log_density=_log_likelihood,
        posterior_of=_posterior,
        possible=lambda x: _mass(x) > LEAST_MASS,
    )


def _crescent(rng, n):
    """n draws of p."""
    a, r = rng.uniform(-np.pi / 2, np.pi / 2, n), rng.normal(RADIUS, SPREAD, n)
    return np.stack([OFFSET + r * np.cos(a), r * np.sin(a)], axis=1)


def _run(rng, theta):
    u, v = _turned(theta)
    return _crescent(rng, len(theta)) + np.stack([-np.abs(u), v], axis=1)


def _turned(theta):
    return ROOT * (theta[:, 0] + theta[:, 1]), ROOT * (theta[:, 1] - theta[:, 0])


def _log_likelihood(theta, x):
    """(1)."""
    u, v = _turned(theta)
    right, up = x[:, 0] + np.abs(u) - OFFSET, x[:, 1] - v
    r = np.hypot(right, up)
    with np.errstate(divide="ignore"):  # r = 0: the crescent's density is then e^-50 over r, and theta has no mass
        log_f = -0.5 * ((r - RADIUS) / SPREAD) ** 2 - 0.5 * LOG_2PI - np.log(SPREAD) - np.log(np.pi * r)
    return np.where(right > 0, log_f, -np.inf)


def _posterior(x):
    mass = _mass(x)

    def log_density(theta):  # (3)
        log_p = _log_likelihood(theta, np.broadcast_to(x, theta.shape)) - np.log(mass)
        return np.where(BOX.inside(theta), log_p, -np.inf)

    return Posterior(2, lambda rng, n: _draw(rng, n, x, mass), log_density)


def _draw(rng, n, x, mass):
    """(2), until n are kept."""
    kept = np.empty((0, 2))
    while len(kept) < n:
        p = _crescent(rng, 64 + min(int(2.1 * (n - len(kept)) / mass), MOST_AT_ONCE))
        theta, good = _unfolded(p, x, rng.choice([-1.0, 1.0], len(p)))
        kept = np.concatenate([kept, theta[good]])
    return kept[:n]


def _unfolded(p, x, sign):
    """theta of (2), and which rows are kept."""
    u, v = sign * (p[:, 0] - x[0]), x[1] - p[:, 1]
    theta = ROOT * np.stack([u - v, u + v], axis=1)
    return theta, (p[:, 0] >= x[0]) & BOX.inside(theta)


def _mass(x):
    """Z(x) of (3)."""
    a = np.pi * ((np.arange(ANGLES) + 0.5) / ANGLES - 0.5)
    return float(sum(_share(x, a, sign).mean() for sign in (-1.0, 1.0)))


def _share(x, a, sign):
    """The probability that (2) keeps a draw of this sign, at each angle a: there 5 lines k + m r are positive."""
    from scipy.special import ndtr

    c, s, first = np.cos(a), np.sin(a), OFFSET - x[0]
    k1, k2 = ROOT * (sign * first - x[1]), ROOT * (sign * first + x[1])  # theta = k + m r
    m1, m2 = ROOT * (sign * c + s), ROOT * (sign * c - s)
    k = np.array([first, 1.0 - k1, 1.0 + k1, 1.0 - k2, 1.0 + k2])[:, None]
    m = np.array([c, -m1, m1, -m2, m2])
    low = np.where(m > 0, -k / m, -np.inf).max(axis=0)
    high = np.where(m < 0, -k / m, np.inf).min(axis=0)
    return np.maximum(ndtr((high - RADIUS) / SPREAD) - ndtr((low - RADIUS) / SPREAD), 0.0)
