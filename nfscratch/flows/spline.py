"""Neural spline flows: rational-quadratic couplings. Durkan et al. 2019, arXiv:1906.04032.

    z -> coupling -> coupling, mask flipped -> permutation -> coupling -> ... -> Standardize -> x

Each coupling's transformer is Inverse(spline), so that x -> z, which maximum likelihood runs, is the formula without a
root, and so is its derivative. Standardize stands last: the splines bend what lies in [-bound, bound] standard
deviations, and leave alone what lies outside.

The paper mixes variables by a trained linear layer (PLU) before each coupling; these permutations cost nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from nfscratch.bijection import Inverse
from nfscratch.bijections import Standardize
from nfscratch.chain import Chain
from nfscratch.distributions import Distribution, StandardNormal
from nfscratch.flows.coupling import coupling_layers
from nfscratch.flows.flow import Flow
from nfscratch.nets import MLP, Network
from nfscratch.transformers import RationalQuadraticSpline


def rq_nsf(
    dim: int,
    *,
    layers: int = 4,
    hidden: Sequence[int] = (64, 64),
    context_dim: int = 0,
    activation: str = "relu",
    bins: int = 8,
    bound: float = 5.0,
    coupling: bool = True,
    base: Distribution | None = None,
    embed: Network | None = None,
    seed: int = 0,
) -> Flow:
    """Neural spline flow with `layers` couplings. `seed` fixes the permutations."""
    transformer = Inverse(RationalQuadraticSpline(bins, bound))
    if not coupling:
        raise NotImplementedError("rq_nsf has couplings only")
    chain = coupling_layers(dim, transformer, MLP(hidden, activation), layers, context_dim, seed)
    return Flow(base or StandardNormal(dim), Chain([*chain, Standardize(dim)]), embed)
