"""Flow, and the ready-made flows, a family per file."""

from nfscratch.flows.ffjord import continuous, ffjord
from nfscratch.flows.flow import Flow
from nfscratch.flows.gaussian import linear
from nfscratch.flows.inference import inference
from nfscratch.flows.layers import autoregressive_layers, coupling_layers
from nfscratch.flows.maf import iaf, made, maf
from nfscratch.flows.naf import naf
from nfscratch.flows.nsf import rq_nsf
from nfscratch.flows.posterior import posterior
from nfscratch.flows.real_nvp import gin, nice, real_nvp
from nfscratch.flows.residual_flow import residual
from nfscratch.flows.variational import planar, radial, sylvester

__all__ = [
    "Flow",
    "autoregressive_layers",
    "continuous",
    "coupling_layers",
    "ffjord",
    "gin",
    "iaf",
    "inference",
    "linear",
    "made",
    "maf",
    "naf",
    "nice",
    "planar",
    "posterior",
    "radial",
    "real_nvp",
    "residual",
    "rq_nsf",
    "sylvester",
]
