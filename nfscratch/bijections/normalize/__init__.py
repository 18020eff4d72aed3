"""Layers that scale and shift by the statistics of data."""

from nfscratch.bijections.normalize.actnorm import ActNorm
from nfscratch.bijections.normalize.batchnorm import BatchNorm
from nfscratch.bijections.normalize.standardize import Standardize

__all__ = ["ActNorm", "BatchNorm", "Standardize"]
