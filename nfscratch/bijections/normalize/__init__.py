"""Layers that scale and shift by the statistics of data."""

from nfscratch.bijections.normalize.actnorm import ActNorm
from nfscratch.bijections.normalize.batchnorm import BatchNorm
from nfscratch.bijections.normalize.remainder import Remainder
from nfscratch.bijections.normalize.standardize import Standardize
from nfscratch.bijections.normalize.whiten import Whiten

__all__ = ["ActNorm", "BatchNorm", "Remainder", "Standardize", "Whiten"]
