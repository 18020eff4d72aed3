"""Layers that are set and not learned, or learned from the data: permutations, standardization, reshaping."""

import nfscratch as nf
from cases.case import Case

STRUCTURES = [
    Case("permutation", lambda dim: nf.Permutation.random(dim, seed=1)),
    Case("reverse", nf.Reverse),
    Case("actnorm", nf.ActNorm),
    Case("batchnorm", nf.BatchNorm),
    Case("standardize", nf.Standardize),
    Case("remainder", nf.Remainder),
    Case("whiten", nf.Whiten),
    Case("inverse of whiten, robust", lambda dim: nf.Inverse(nf.Whiten(dim, "robust"))),
    Case("reshape", lambda dim: nf.Reshape((dim,), (1, dim, 1))),
]
