"""Flow, and the ready-made flows, a family per file."""

from nfscratch.flows.autoregressive import autoregressive_layers, iaf, made, maf
from nfscratch.flows.coupling import coupling_layers, gin, nice, real_nvp
from nfscratch.flows.flow import Flow
from nfscratch.flows.linear import linear
from nfscratch.flows.low_rank import planar, radial, sylvester

__all__ = [
    "Flow",
    "autoregressive_layers",
    "coupling_layers",
    "gin",
    "iaf",
    "linear",
    "made",
    "maf",
    "nice",
    "planar",
    "radial",
    "real_nvp",
    "sylvester",
]
