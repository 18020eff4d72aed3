"""Transformers: monotone maps of one variable, x = h(z; theta). A structure says what theta may depend on."""

from nfscratch.transformers.affine import Affine, Shift, VolumePreserving
from nfscratch.transformers.base import InverseTransformer, Transformer
from nfscratch.transformers.fixed import Exp, LeakyReLU, Sigmoid, Softplus, Tanh

__all__ = [
    "Affine",
    "Exp",
    "InverseTransformer",
    "LeakyReLU",
    "Shift",
    "Sigmoid",
    "Softplus",
    "Tanh",
    "Transformer",
    "VolumePreserving",
]
