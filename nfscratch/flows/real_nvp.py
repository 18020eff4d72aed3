"""Ready-made coupling flows: NICE, GIN and RealNVP.

    z -> coupling -> coupling, mask flipped -> permutation -> coupling -> ... -> Standardize -> x

Two couplings with opposite masks move every variable once. For more than two variables a fixed random permutation
before each further pair makes new halves. Standardize stands last, so that log_prob is in the data's own units.
"""

from __future__ import annotations

from collections.abc import Sequence

from nfscratch import validate
from nfscratch.bijections import Coupling, Elementwise, Permutation, Standardize, half_mask
from nfscratch.bijections.chain import Chain
from nfscratch.bijections.contract import Bijection
from nfscratch.distributions import Distribution, StandardNormal
from nfscratch.flows.flow import Flow
from nfscratch.nets import MLP, Network
from nfscratch.transformers import Affine, Shift, Transformer, VolumePreserving


def real_nvp(
    dim: int,
    *,
    layers: int = 8,
    hidden: Sequence[int] = (64, 64),
    context_dim: int = 0,
    activation: str = "relu",
    max_log_scale: float = 3.0,
    base: Distribution | None = None,
    embed: Network | None = None,
    seed: int = 0,
) -> Flow:
    """RealNVP: affine couplings (Dinh et al. 2017, arXiv:1605.08803). `seed` fixes the permutations."""
    network = MLP(hidden, activation)
    couplings = coupling_layers(dim, Affine(max_log_scale), network, layers, context_dim, seed)
    return _flow(dim, couplings, base, embed)


def nice(
    dim: int,
    *,
    layers: int = 8,
    hidden: Sequence[int] = (64, 64),
    context_dim: int = 0,
    activation: str = "relu",
    base: Distribution | None = None,
    embed: Network | None = None,
    seed: int = 0,
) -> Flow:
    """NICE: additive couplings, and one trained scale per variable at the end (Dinh et al. 2014, arXiv:1410.8516)."""
    couplings = coupling_layers(dim, Shift(), MLP(hidden, activation), layers, context_dim, seed)
    return _flow(dim, [*couplings, Elementwise(Affine(), dim)], base, embed)


def gin(
    dim: int,
    *,
    layers: int = 8,
    hidden: Sequence[int] = (64, 64),
    context_dim: int = 0,
    activation: str = "relu",
    max_log_scale: float = 3.0,
    base: Distribution | None = None,
    embed: Network | None = None,
    seed: int = 0,
) -> Flow:
    """GIN: affine couplings of determinant 1 (Sorrenson et al. 2020, arXiv:2001.04872). Only Standardize scales."""
    couplings = coupling_layers(
        dim, VolumePreserving(max_log_scale), MLP(hidden, activation), layers, context_dim, seed
    )
    return _flow(dim, couplings, base, embed)


def coupling_layers(
    dim: int, transformer: Transformer, network: Network, layers: int, context_dim: int = 0, seed: int = 0
) -> list[Bijection]:
    """`layers` couplings, masks flipped in turn, with a random permutation before every further pair (dim > 2)."""
    validate.count("dim", dim, least=1)
    validate.count("layers", layers, least=1)
    chain: list[Bijection] = []
    for k in range(layers):
        if k and k % 2 == 0 and dim > 2:
            chain.append(Permutation.random(dim, seed=seed + k))
        chain.append(Coupling(transformer, half_mask(dim, flip=k % 2 == 1), network, context_dim))
    return chain


def _flow(dim, layers, base, embed):
    return Flow(base or StandardNormal(dim), Chain([*layers, Standardize(dim)]), embed)
