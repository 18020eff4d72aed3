"""TARP, tests of accuracy with random points: the coverage of regions about random reference points.

    for each simulation n a reference point r_n, drawn without a look at theta_n
    k_n = #{l : |draw_nl - r_n| < |theta_n - r_n|},     one of 0 ... L                                            (1)
    coverage(a) = share of n with k_n < m,   at the level a = m / (L + 1),  m = 0 ... L + 1                      (2)

The ball about r_n through theta_n holds the share k_n / L of the draws. If q is the posterior, k_n is uniform on
0 ... L, so coverage(a) = a at these levels exactly. Overconfident draws have a steep start and end, and draws that are
too wide a steep middle. Lemos et al. 2023, arXiv:2302.03026: a q whose coverage is right for every choice of r(x) is
the posterior; SBC asks each variable by itself, TARP all at once.

Distances are taken after each variable is scaled to the range that theta_1 ... theta_N have, and r_n is uniform on it,
as in the paper. Such r_n know nothing of x: q = the prior passes here too, as it does in SBC. A shift that is the same
for all x nearly averages out over r_n on both sides; SBC sees it better.

The band. The largest |coverage - a| of N uniform k_n stays below Kolmogorov's quantile in 95 % of all runs, or more
because k_n is a whole number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import kstwo

from nfscratch import validate
from nfscratch.evaluate.checked_draws import pairs

CONFIDENCE = 0.95


@dataclass(frozen=True, eq=False)
class TarpCurve:
    """levels, coverage: (L + 2,) each, from 0 to 1; band: how far they may be apart by chance, at 95 %."""

    levels: np.ndarray
    coverage: np.ndarray
    n: int  # simulations

    @property
    def largest(self) -> float:
        """The largest distance of coverage and level."""
        return float(np.abs(self.coverage - self.levels).max())

    @property
    def band(self) -> float:
        """Kolmogorov's 95 % quantile for n simulations."""
        return float(kstwo.ppf(CONFIDENCE, self.n))

    @property
    def p_value(self) -> float:
        """The probability of so large a distance by chance; Kolmogorov's, so never too small."""
        return float(kstwo.sf(self.largest, self.n))

    @property
    def inside(self) -> bool:
        """Whether the whole curve lies in the band."""
        return self.largest <= self.band


def tarp(theta: Any, draws: Any, rng: np.random.Generator) -> TarpCurve:
    """(2) of theta (N, D) and draws (N, L, D), with reference points from rng."""
    rng = validate.seeded(rng)
    theta, draws = pairs(theta, draws)
    low, width = theta.min(axis=0), np.ptp(theta, axis=0)
    width = np.where(width > 0, width, 1.0)
    reference = low + width * rng.random(theta.shape)
    radius = _distance(theta, reference, width)
    k = (_distance(draws, reference[:, None], width) < radius[:, None]).sum(axis=1)
    return _curve(k, draws.shape[1])


def _distance(points, reference, width):
    return np.sqrt((((points - reference) / width) ** 2).sum(axis=-1))


def _curve(k, L):
    """coverage[m] = share of k below m."""
    below = np.concatenate([[0], np.cumsum(np.bincount(k, minlength=L + 1))])
    return TarpCurve(np.arange(L + 2) / (L + 1), below / len(k), len(k))
