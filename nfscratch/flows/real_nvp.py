"""Ready-made coupling flows: NICE, GIN and RealNVP.

    z -> coupling -> coupling, mask flipped -> permutation -> coupling -> ... -> Standardize -> x

The couplings and the permutations between them are those of flows/layers.py, the frame is that of flows/recipe.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from nfscratch.bijections import Elementwise
from nfscratch.distributions import Distribution
from nfscratch.flows.flow import Flow
from nfscratch.flows.layers import coupling_layers
from nfscratch.flows.recipe import for_data, with_fitted_tails
from nfscratch.flows.support import Support
from nfscratch.nets import MLP, Network
from nfscratch.transformers import Affine, Shift, VolumePreserving


def real_nvp(
    dim: int,
    *,
    layers: int = 8,
    hidden: Sequence[int] = (64, 64),
    context_dim: int = 0,
    activation: str = "tanh",
    gain: float = 0.4,
    max_log_scale: float = 3.0,
    base: Distribution | None = None,
    embed: Network | None = None,
    support: Support | None = None,
    whiten: str = "full",
    standardize: str = "moments",
    seed: int = 0,
) -> Flow:
    """RealNVP: affine couplings (Dinh et al. 2017, arXiv:1605.08803). `seed` fixes the permutations."""
    network = MLP(hidden, activation, gain)
    couplings = coupling_layers(dim, Affine(max_log_scale), network, layers, context_dim, seed)
    base = with_fitted_tails(dim, base, context_dim)
    return for_data(dim, couplings, base, embed, support, whiten, standardize)


def nice(
    dim: int,
    *,
    layers: int = 8,
    hidden: Sequence[int] = (64, 64),
    context_dim: int = 0,
    activation: str = "tanh",
    gain: float = 0.4,
    base: Distribution | None = None,
    embed: Network | None = None,
    support: Support | None = None,
    whiten: str = "full",
    standardize: str = "moments",
    seed: int = 0,
) -> Flow:
    """NICE: additive couplings, and one trained scale per variable at the end (Dinh et al. 2014, arXiv:1410.8516)."""
    couplings = coupling_layers(dim, Shift(), MLP(hidden, activation, gain), layers, context_dim, seed)
    return for_data(dim, [*couplings, Elementwise(Affine(), dim)], base, embed, support, whiten, standardize)


def gin(
    dim: int,
    *,
    layers: int = 8,
    hidden: Sequence[int] = (64, 64),
    context_dim: int = 0,
    activation: str = "tanh",
    gain: float = 0.4,
    max_log_scale: float = 3.0,
    base: Distribution | None = None,
    embed: Network | None = None,
    support: Support | None = None,
    whiten: str = "full",
    standardize: str = "moments",
    seed: int = 0,
) -> Flow:
    """GIN: affine couplings of determinant 1 (Sorrenson et al. 2020, arXiv:2001.04872). Only Standardize scales."""
    couplings = coupling_layers(
        dim, VolumePreserving(max_log_scale), MLP(hidden, activation, gain), layers, context_dim, seed
    )
    return for_data(dim, couplings, base, embed, support, whiten, standardize)
