"""Couplings: masks, networks, contexts."""

import numpy as onp

import nfscratch as nf
from cases.case import CONTEXT, Case


def irregular_mask(dim):
    """Neither a half nor alternating, and as unequal as it can be."""
    kept = onp.random.default_rng(dim).permutation(dim) < max(0, dim // 3)
    return tuple(kept)


def coupling(transformer, mask=nf.half_mask, network=None, context_dim=0):
    network = network or nf.MLP((8, 8))
    return lambda dim: nf.Coupling(transformer, mask(dim), network, context_dim)


def flipped(dim):
    return nf.half_mask(dim, flip=True)


COUPLINGS = [
    Case("coupling shift", coupling(nf.Shift())),
    Case("coupling affine", coupling(nf.Affine())),
    Case("coupling affine, flipped", coupling(nf.Affine(), flipped)),
    Case("coupling affine, alternating", coupling(nf.Affine(), nf.alternating_mask)),
    Case("coupling affine, irregular mask", coupling(nf.Affine(), irregular_mask)),
    Case("coupling affine, tanh", coupling(nf.Affine(), network=nf.MLP((8, 8), "tanh"))),
    Case("coupling affine, linear network", coupling(nf.Affine(), network=nf.MLP(()))),
    Case(
        "coupling affine, separate s and t",
        coupling(nf.Affine(), network=nf.Heads((nf.MLP((8,), "tanh"), nf.MLP((6, 4))))),
    ),
    Case("coupling affine, context", coupling(nf.Affine(), context_dim=CONTEXT)),
    Case(
        "coupling affine, separate, context",
        coupling(nf.Affine(), irregular_mask, nf.Heads((nf.MLP((8,), "tanh"), nf.MLP((5,)))), CONTEXT),
    ),
    Case("coupling volume preserving", coupling(nf.VolumePreserving())),
    Case(
        "coupling volume preserving, irregular", coupling(nf.VolumePreserving(), irregular_mask, nf.MLP((8,), "tanh"))
    ),
]
