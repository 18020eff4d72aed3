"""SLCP, simple likelihood, complex posterior: four points of a Gaussian on the plane whose five numbers are unknown.

Papamakarios et al. 2019, arXiv:1805.07226; Lueckmann et al. 2021, arXiv:2101.04653, T.3.

    theta ~ U(-3, 3)^5,   m = (theta_1, theta_2),   s_1 = theta_3^2,  s_2 = theta_4^2,  rho = tanh theta_5
    S = [[s_1^2 + e, rho s_1 s_2], [rho s_1 s_2, s_2^2 + e]],   e = 1e-6
    x = four independent draws of N(m, S), side by side: (x_11, x_12, x_21, ..., x_42)

The signs of theta_3 and theta_4 make no difference to x: the posterior has four modes. It has no formula for its
normalising constant; log_prior + log_likelihood is its logarithm up to that constant.
"""

from __future__ import annotations

import numpy as np

from nfscratch.targets.density import LOG_2PI
from nfscratch.targets.simulators.prior import BoxPrior
from nfscratch.targets.simulators.simulator import Simulator

POINTS, END, FLOOR = 4, 3.0, 1e-6


def slcp() -> Simulator:
    """The simulator, with its likelihood."""
    farthest = np.full(2 * POINTS, END + 8 * END**2)
    return Simulator(
        name="slcp",
        about="x = 4 draws of N((theta_1, theta_2), S), S from theta_3^2, theta_4^2 and tanh theta_5.",
        of_theta=BoxPrior((-END,) * 5, (END,) * 5),
        data_dim=2 * POINTS,
        reach=(-farthest, farthest),
        run=_run,
        log_density=_log_likelihood,
    )


def _covariance(theta):
    """S_11, S_12, S_22, and the determinant: (N,) each."""
    s1, s2, rho = theta[:, 2] ** 2, theta[:, 3] ** 2, np.tanh(theta[:, 4])
    det = (s1 * s2 / np.cosh(theta[:, 4])) ** 2 + FLOOR * (s1**2 + s2**2 + FLOOR)  # 1 - tanh^2 = 1 / cosh^2
    return s1**2 + FLOOR, rho * s1 * s2, s2**2 + FLOOR, det


def _run(rng, theta):
    """The Cholesky factor of S by hand: l_11 = sqrt(S_11), l_21 = S_12 / l_11, l_22 = sqrt(det / S_11)."""
    a, b, _, det = (part[:, None] for part in _covariance(theta))
    e1, e2 = rng.standard_normal((2, len(theta), POINTS))
    first = theta[:, :1] + np.sqrt(a) * e1
    second = theta[:, 1:2] + b / np.sqrt(a) * e1 + np.sqrt(det / a) * e2
    return np.stack([first, second], axis=2).reshape(len(theta), 2 * POINTS)


def _log_likelihood(theta, x):
    a, b, c, det = (part[:, None] for part in _covariance(theta))
    d1, d2 = x[:, 0::2] - theta[:, :1], x[:, 1::2] - theta[:, 1:2]
    squares = (c * d1**2 - 2 * b * d1 * d2 + a * d2**2) / det
    return -0.5 * (squares + np.log(det) + 2 * LOG_2PI).sum(axis=1)
