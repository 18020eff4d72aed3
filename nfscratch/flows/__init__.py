"""Flow, and the ready-made flows, a family per file."""

from nfscratch.flows.coupling import coupling_layers, gin, nice, real_nvp
from nfscratch.flows.flow import Flow
from nfscratch.flows.neural import naf
from nfscratch.flows.spline import rq_nsf

__all__ = ["Flow", "coupling_layers", "gin", "naf", "nice", "real_nvp", "rq_nsf"]
