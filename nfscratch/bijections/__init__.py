"""Bijections, a family per file."""

from nfscratch.bijections.autoregressive import Autoregressive
from nfscratch.bijections.blocks import Blocks
from nfscratch.bijections.bounds import Bounds
from nfscratch.bijections.chain import Chain
from nfscratch.bijections.conditioned import Conditioned
from nfscratch.bijections.continuous import Continuous
from nfscratch.bijections.contract import Bijection
from nfscratch.bijections.coupling import Coupling
from nfscratch.bijections.elementwise import Elementwise
from nfscratch.bijections.image.emerging_conv import EmergingConv
from nfscratch.bijections.image.masked_conv import MaskedConv
from nfscratch.bijections.image.multiscale import MultiScale
from nfscratch.bijections.image.pixel_levels import PixelLevels
from nfscratch.bijections.image.squeeze import Squeeze
from nfscratch.bijections.inverse import Inverse, InverseBijection
from nfscratch.bijections.linear import PLU, QR, Conv1x1, Diagonal, Householder, Linear, Triangular
from nfscratch.bijections.low_rank.planar import Planar
from nfscratch.bijections.low_rank.sylvester import Sylvester
from nfscratch.bijections.masks import alternating_mask, channel_mask, checkerboard_mask, half_mask
from nfscratch.bijections.normalize.actnorm import ActNorm
from nfscratch.bijections.normalize.batchnorm import BatchNorm
from nfscratch.bijections.normalize.remainder import Remainder
from nfscratch.bijections.normalize.standardize import Standardize
from nfscratch.bijections.normalize.whiten import Whiten
from nfscratch.bijections.numeric import NumericInverse
from nfscratch.bijections.order import random_order
from nfscratch.bijections.permutation import Permutation, Reverse
from nfscratch.bijections.radial import Radial
from nfscratch.bijections.recomputed import Recomputed
from nfscratch.bijections.reshape import Reshape
from nfscratch.bijections.residual import Residual
from nfscratch.bijections.simplex import Simplex
from nfscratch.bijections.stack import Stack

__all__ = [
    "PLU",
    "QR",
    "ActNorm",
    "Autoregressive",
    "BatchNorm",
    "Bijection",
    "Blocks",
    "Bounds",
    "Chain",
    "Conditioned",
    "Continuous",
    "Conv1x1",
    "Coupling",
    "Diagonal",
    "Elementwise",
    "EmergingConv",
    "Householder",
    "Inverse",
    "InverseBijection",
    "Linear",
    "MaskedConv",
    "MultiScale",
    "NumericInverse",
    "Permutation",
    "PixelLevels",
    "Planar",
    "Radial",
    "Recomputed",
    "Remainder",
    "Reshape",
    "Residual",
    "Reverse",
    "Simplex",
    "Squeeze",
    "Stack",
    "Standardize",
    "Sylvester",
    "Triangular",
    "Whiten",
    "alternating_mask",
    "channel_mask",
    "checkerboard_mask",
    "half_mask",
    "random_order",
]
