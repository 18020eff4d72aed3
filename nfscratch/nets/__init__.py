"""Conditioner networks, one per file: they compute the parameters with which a layer moves a variable."""

from nfscratch.nets.conv import ConvNet
from nfscratch.nets.heads import Heads
from nfscratch.nets.lipschitz import LipschitzMLP
from nfscratch.nets.lipschitz_conv import LipschitzConv
from nfscratch.nets.made import MADE
from nfscratch.nets.mlp import MLP
from nfscratch.nets.network import Network
from nfscratch.nets.standardized import StandardizedInput

__all__ = ["MADE", "MLP", "ConvNet", "Heads", "LipschitzConv", "LipschitzMLP", "Network", "StandardizedInput"]
