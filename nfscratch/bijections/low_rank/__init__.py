"""Layers that add a bounded map of low rank: J = I + A diag(h) W."""

from nfscratch.bijections.low_rank.planar import Planar
from nfscratch.bijections.low_rank.sylvester import Sylvester

__all__ = ["Planar", "Sylvester"]
