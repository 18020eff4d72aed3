"""Networks, one per file: conditioners compute the parameters with which a layer moves a variable; velocities move it.

network.py and velocity.py hold the two contracts; field.py makes a velocity of any network.
"""

from nfscratch.nets.conv import ConvNet
from nfscratch.nets.conv_features import ConvFeatures
from nfscratch.nets.field import Field
from nfscratch.nets.heads import Heads
from nfscratch.nets.lipschitz import LipschitzMLP
from nfscratch.nets.lipschitz_conv import LipschitzConv
from nfscratch.nets.made import MADE
from nfscratch.nets.mlp import MLP
from nfscratch.nets.network import Network
from nfscratch.nets.probability_flow import ProbabilityFlow
from nfscratch.nets.residual_conv import ResidualConvNet
from nfscratch.nets.standardized import StandardizedInput
from nfscratch.nets.velocity import Velocity

__all__ = [
    "MADE",
    "MLP",
    "ConvFeatures",
    "ConvNet",
    "Field",
    "Heads",
    "LipschitzConv",
    "LipschitzMLP",
    "Network",
    "ProbabilityFlow",
    "ResidualConvNet",
    "StandardizedInput",
    "Velocity",
]
