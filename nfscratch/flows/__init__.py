"""Flow, and the ready-made flows, a family per file."""

from nfscratch.flows.autoregressive import autoregressive_layers, iaf, made, maf
from nfscratch.flows.coupling import coupling_layers, gin, nice, real_nvp
from nfscratch.flows.flow import Flow
from nfscratch.flows.linear import linear
from nfscratch.flows.low_rank import planar, radial, sylvester
from nfscratch.flows.neural import naf
from nfscratch.flows.spline import rq_nsf

__all__ = [
    "Flow",
    "autoregressive_layers",
    "coupling_layers",
    "gin",
    "iaf",
    "linear",
    "made",
    "maf",
    "naf",
    "nice",
    "planar",
    "radial",
    "real_nvp",
    "rq_nsf",
    "sylvester",
]
