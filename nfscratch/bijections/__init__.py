"""Bijections, a family per file."""

from nfscratch.bijections.actnorm import ActNorm
from nfscratch.bijections.autoregressive import Autoregressive
from nfscratch.bijections.batchnorm import BatchNorm
from nfscratch.bijections.coupling import Coupling, alternating_mask, half_mask
from nfscratch.bijections.elementwise import Elementwise
from nfscratch.bijections.order import random_order
from nfscratch.bijections.permutation import Permutation, Reverse
from nfscratch.bijections.standardize import Standardize

__all__ = [
    "ActNorm",
    "Autoregressive",
    "BatchNorm",
    "Coupling",
    "Elementwise",
    "Permutation",
    "Reverse",
    "Standardize",
    "alternating_mask",
    "half_mask",
    "random_order",
]
