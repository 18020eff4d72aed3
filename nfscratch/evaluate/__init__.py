"""Evaluation: numbers that say how good draws are. Functions of arrays; they know nothing of flows."""

from nfscratch.evaluate.bits_per_dim import BitsPerDim, bits_per_dim
from nfscratch.evaluate.c2st import c2st
from nfscratch.evaluate.psis import psis
from nfscratch.evaluate.sbc import sbc_ranks, sbc_test
from nfscratch.evaluate.tarp import TarpCurve, tarp

__all__ = ["BitsPerDim", "TarpCurve", "bits_per_dim", "c2st", "psis", "sbc_ranks", "sbc_test", "tarp"]
