"""Transformers: monotone maps of one variable, x = h(z; theta). A structure says what theta may depend on."""

from nfscratch.transformers.affine import Affine, Shift, VolumePreserving
from nfscratch.transformers.base import Transformer

__all__ = ["Affine", "Shift", "Transformer", "VolumePreserving"]
