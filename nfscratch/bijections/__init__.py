"""Bijections, a family per file."""

from nfscratch.bijections.actnorm import ActNorm
from nfscratch.bijections.autoregressive import Autoregressive
from nfscratch.bijections.batchnorm import BatchNorm
from nfscratch.bijections.coupling import Coupling, alternating_mask, half_mask
from nfscratch.bijections.elementwise import Elementwise
from nfscratch.bijections.linear import PLU, QR, Conv1x1, Diagonal, Householder, Linear, Triangular
from nfscratch.bijections.order import random_order
from nfscratch.bijections.permutation import Permutation, Reverse
from nfscratch.bijections.planar import Planar
from nfscratch.bijections.radial import Radial
from nfscratch.bijections.stack import Stack
from nfscratch.bijections.standardize import Standardize
from nfscratch.bijections.sylvester import Sylvester

__all__ = [
    "PLU",
    "QR",
    "ActNorm",
    "Autoregressive",
    "BatchNorm",
    "Conv1x1",
    "Coupling",
    "Diagonal",
    "Elementwise",
    "Householder",
    "Linear",
    "Permutation",
    "Planar",
    "Radial",
    "Reverse",
    "Stack",
    "Standardize",
    "Sylvester",
    "Triangular",
    "alternating_mask",
    "half_mask",
    "random_order",
]
