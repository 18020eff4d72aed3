"""Simulators: a prior p(theta) and a program that draws data x given theta; where it is known, the exact posterior.

Each function makes a `Simulator`. `from nfscratch.targets.simulators import two_moons`.
"""

from nfscratch.targets.simulators.gaussian_linear import gaussian_linear
from nfscratch.targets.simulators.gaussian_mixture import gaussian_mixture
from nfscratch.targets.simulators.ornstein_uhlenbeck import ornstein_uhlenbeck
from nfscratch.targets.simulators.prior import BoxPrior, NormalPrior, Prior, TailedBox
from nfscratch.targets.simulators.simulator import Posterior, Simulator
from nfscratch.targets.simulators.slcp import slcp
from nfscratch.targets.simulators.two_moons import two_moons

__all__ = [
    "BoxPrior",
    "NormalPrior",
    "Posterior",
    "Prior",
    "Simulator",
    "TailedBox",
    "gaussian_linear",
    "gaussian_mixture",
    "ornstein_uhlenbeck",
    "slcp",
    "two_moons",
]
