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

(2) is an exact sampler. Both signs of u keep the same share, because the box is the square |u| + |v| <= sqrt 2. At
the radius r the angles that are kept are

    |a| <= arccos((x_1 - .25) / r),     and for s = +-1:   |a + s pi/4| >= arccos(k_s / r),                       (4)
    k_s = 1 - (.25 - x_1 + s x_2) / sqrt 2             from p_1 >= x_1, and from |u| + s v <= sqrt 2

so the share of them is known exactly, and Z is twice its mean over r, by the midpoint rule. Where an arc just touches
an edge the share has a square root's kink: log Z is off by less than 1e-4, and by less than 1e-5 where Z > .1.
"""

from __future__ import annotations

import numpy as np

from nfscratch.targets.density import LOG_2PI
from nfscratch.targets.simulators.prior import BoxPrior
from nfscratch.targets.simulators.simulator import Posterior, Simulator

OFFSET, RADIUS, SPREAD = 0.25, 0.1, 0.01
BOX = BoxPrior((-1.0, -1.0), (1.0, 1.0))
REACH = 8  # standard deviations of r: nothing lies further out
FARTHEST = RADIUS + REACH * SPREAD
RADII = 2**14  # midpoints of Z
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
    steps = REACH * (2.0 * (np.arange(RADII) + 0.5) / RADII - 1.0)
    weights = np.exp(-0.5 * steps**2)
    return 2.0 * float(weights @ _share_kept(x, RADIUS + SPREAD * steps) / weights.sum())


def _share_kept(x, r):
    """Of the angles at each radius r (N,): the share that (4) keeps, (N,)."""
    end = np.minimum(_arccos((x[0] - OFFSET) / r), np.pi / 2)
    left, right = (_cut(x, r, s, end) for s in (1.0, -1.0))
    both = np.maximum(np.minimum(left[1], right[1]) - np.maximum(left[0], right[0]), 0.0)
    return (2.0 * end - np.ptp(left, axis=0) - np.ptp(right, axis=0) + both) / np.pi


def _cut(x, r, s, end):
    """The first and the last angle between -end and end that the edge s of (4) cuts off, (2, N)."""
    k = 1.0 - ROOT * (OFFSET - x[0] + s * x[1])
    half = _arccos(k / r)
    return np.clip([-s * np.pi / 4 - half, -s * np.pi / 4 + half], -end, end)


def _arccos(c):
    return np.arccos(np.clip(c, -1.0, 1.0))
