"""Base densities, and densities with autoregressive factors."""

from nfscratch.distributions.categorical import Categorical
from nfscratch.distributions.conditionals import Bernoulli, Conditional, Gaussian, MixtureOfGaussians
from nfscratch.distributions.conditioned_base import ConditionedBase
from nfscratch.distributions.distribution import Distribution
from nfscratch.distributions.ensemble import MaskEnsemble
from nfscratch.distributions.fitted_tails import FittedTails
from nfscratch.distributions.logistic import StandardLogistic
from nfscratch.distributions.made_density import AutoregressiveDensity
from nfscratch.distributions.mixture import GaussianMixture
from nfscratch.distributions.normal import DiagonalNormal, StandardNormal
from nfscratch.distributions.student import StudentT

__all__ = [
    "AutoregressiveDensity",
    "Bernoulli",
    "Categorical",
    "Conditional",
    "ConditionedBase",
    "DiagonalNormal",
    "Distribution",
    "FittedTails",
    "Gaussian",
    "GaussianMixture",
    "MaskEnsemble",
    "MixtureOfGaussians",
    "StandardLogistic",
    "StandardNormal",
    "StudentT",
]
