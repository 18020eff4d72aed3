"""Flow, and the ready-made flows, a family per file."""

from nfscratch.flows.autoregressive import autoregressive_layers, iaf, made, maf
from nfscratch.flows.coupling import coupling_layers, gin, nice, real_nvp
from nfscratch.flows.flow import Flow

__all__ = ["Flow", "autoregressive_layers", "coupling_layers", "gin", "iaf", "made", "maf", "nice", "real_nvp"]
