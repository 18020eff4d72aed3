"""Layers after one another, and the other way round."""

import nfscratch as nf
from cases.case import CONTEXT, Case
from cases.couplings import coupling, flipped


def chain(dim, context_dim=0):
    return nf.Chain(
        [
            nf.Coupling(nf.Affine(1.0), nf.half_mask(dim), nf.MLP((8,), "tanh"), context_dim),
            nf.Permutation.random(dim, seed=3),
            nf.ActNorm(dim),
            nf.Coupling(nf.Affine(1.0), flipped(dim), nf.MLP((8,), "tanh"), context_dim),
            nf.Elementwise(nf.Affine(), dim),
            nf.Standardize(dim),
        ]
    )


CHAINS = [
    Case("chain", chain, tolerance=1e-11),
    Case("chain, context", lambda dim: chain(dim, CONTEXT), tolerance=1e-11),
    Case("inverse of a coupling", lambda dim: nf.Inverse(coupling(nf.Affine())(dim))),
    Case("inverse of a chain", lambda dim: nf.Inverse(chain(dim)), tolerance=1e-11),
]
