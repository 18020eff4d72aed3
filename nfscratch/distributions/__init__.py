"""Base densities, and toy densities with known entropies."""

from nfscratch.distributions.base import Distribution
from nfscratch.distributions.mixture import GaussianMixture
from nfscratch.distributions.normal import DiagonalNormal, StandardNormal

__all__ = ["DiagonalNormal", "Distribution", "GaussianMixture", "StandardNormal"]
