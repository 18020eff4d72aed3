"""Evaluation: numbers that say how good draws and densities are. Functions of arrays; they know nothing of flows.

two samples      c2st, mmd, energy_distance; mmd_test, energy_test, permutation_test
calibration      sbc_ranks, sbc_test, tarp
weights          psis
likelihoods      bits_per_dim, mean_and_error, paired
strange rows     typicality, likelihood_ratio; auroc
labelled draws   classification_accuracy_score
"""

from nfscratch.evaluate.auroc import auroc
from nfscratch.evaluate.bits_per_dim import BitsPerDim, bits_per_dim
from nfscratch.evaluate.c2st import c2st
from nfscratch.evaluate.classification_accuracy import classification_accuracy_score
from nfscratch.evaluate.energy_distance import energy_distance, energy_test
from nfscratch.evaluate.estimate import Estimate, mean_and_error, paired
from nfscratch.evaluate.likelihood_ratio import likelihood_ratio
from nfscratch.evaluate.mmd import median_distance, mmd, mmd_test
from nfscratch.evaluate.permutation_test import TwoSampleTest, permutation_test
from nfscratch.evaluate.psis import psis
from nfscratch.evaluate.sbc import sbc_ranks, sbc_test
from nfscratch.evaluate.tarp import TarpCurve, tarp
from nfscratch.evaluate.typicality import typicality

__all__ = [
    "BitsPerDim",
    "Estimate",
    "TarpCurve",
    "TwoSampleTest",
    "auroc",
    "bits_per_dim",
    "c2st",
    "classification_accuracy_score",
    "energy_distance",
    "energy_test",
    "likelihood_ratio",
    "mean_and_error",
    "median_distance",
    "mmd",
    "mmd_test",
    "paired",
    "permutation_test",
    "psis",
    "sbc_ranks",
    "sbc_test",
    "tarp",
    "typicality",
]
