"""Flow, and the ready-made flows, a family per file."""

from nfscratch.flows.dequantized import Dequantized
from nfscratch.flows.ffjord import continuous, ffjord
from nfscratch.flows.flow import Flow
from nfscratch.flows.gaussian import linear
from nfscratch.flows.glow import glow
from nfscratch.flows.inference import inference
from nfscratch.flows.layers import autoregressive_layers, coupling_layers
from nfscratch.flows.maf import iaf, made, maf
from nfscratch.flows.naf import naf
from nfscratch.flows.nsf import rq_nsf
from nfscratch.flows.pixel_noise import pixel_noise
from nfscratch.flows.posterior import posterior
from nfscratch.flows.real_nvp import gin, nice, real_nvp
from nfscratch.flows.real_nvp_image import real_nvp_image
from nfscratch.flows.residual_flow import residual
from nfscratch.flows.variational import planar, radial, sylvester

__all__ = [
    "Dequantized",
    "Flow",
    "autoregressive_layers",
    "continuous",
    "coupling_layers",
    "ffjord",
    "gin",
    "glow",
    "iaf",
    "inference",
    "linear",
    "made",
    "maf",
    "naf",
    "nice",
    "pixel_noise",
    "planar",
    "posterior",
    "radial",
    "real_nvp",
    "real_nvp_image",
    "residual",
    "rq_nsf",
    "sylvester",
]
