"""The same as Bijections: a pair as a layer, a coupling of the package, a chain of four layers."""

from dataclasses import dataclass

import numpy as onp

import nfscratch as nf


@dataclass(frozen=True, eq=False)
class Pair(nf.Bijection):
    """A pair as a layer."""

    dim: int
    pair: tuple
    jacobian_structure: str = "dense"
    in_shape = property(lambda self: (self.dim,))

    def forward(self, params, z, context=None, rng=None):
        return tuple(onp.asarray(a, dtype=z.dtype) for a in self.pair[0](z))

    def inverse(self, params, x, context=None, rng=None):
        return tuple(onp.asarray(a, dtype=x.dtype) for a in self.pair[1](x))


def affine(dim, flip=False):
    return nf.Coupling(nf.Affine(1.5), nf.half_mask(dim, flip), nf.MLP((8,), "tanh"))


def layers(dim):
    return [affine(dim), nf.Permutation(onp.roll(onp.arange(dim), 1)), affine(dim, True), nf.ActNorm(dim)]
