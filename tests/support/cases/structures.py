"""Layers that are set and not learned, or learned from the data: permutations, standardization, reshaping."""

import nfscratch as nf
from cases.case import Case


class NearlyGiven(nf.Remainder):
    """It starts from rows in which every second column is nearly the one before it; with one column nothing moves."""

    def init(self, rng, x=None, context=None):
        if x is not None and self.dim > 1:
            x = x.copy()
            x[:, 1::2] = x[:, : self.dim - 1 : 2] + 5e-3 * x[:, 1::2]
        return super().init(rng, x, context)


STRUCTURES = [
    Case("permutation", lambda dim: nf.Permutation.random(dim, seed=1)),
    Case("reverse", nf.Reverse),
    Case("actnorm", nf.ActNorm),
    Case("batchnorm", nf.BatchNorm),
    Case("standardize", nf.Standardize),
    Case("remainder", NearlyGiven, moves=False),
    Case("whiten", nf.Whiten),
    Case("inverse of whiten, robust", lambda dim: nf.Inverse(nf.Whiten(dim, "robust"))),
    Case("recomputed", lambda dim: nf.bijections.Recomputed(nf.Triangular(dim))),
    Case("reshape", lambda dim: nf.Reshape((dim,), (1, dim, 1))),
]
