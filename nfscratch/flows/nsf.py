"""Neural spline flows: rational-quadratic splines, in couplings or autoregressive.

    z -> coupling -> coupling, mask flipped -> permutation -> coupling -> ... -> Standardize -> x
    z -> Autoregressive -> Autoregressive, order reversed -> ... -> Standardize -> x

Each layer's transformer is Inverse(spline), so that x -> z, which maximum likelihood runs, is the formula without a
root, and so is its derivative. Standardize stands last: the splines bend what lies in [-bound, bound] standard
deviations, and leave alone what lies outside.

The paper (Durkan et al. 2019, arXiv:1906.04032) mixes the variables by a trained linear layer (PLU) before each of
these; here permutations do, which cost nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from nfscratch.bijections.inverse import Inverse
from nfscratch.distributions import Distribution
from nfscratch.flows.flow import Flow
from nfscratch.flows.layers import layers_of_either_structure
from nfscratch.flows.recipe import for_data, with_fitted_tails
from nfscratch.flows.support import Support
from nfscratch.nets import Network
from nfscratch.transformers import RationalQuadraticSpline


def rq_nsf(
    dim: int,
    *,
    layers: int = 4,
    hidden: Sequence[int] = (64, 64),
    context_dim: int = 0,
    activation: str = "tanh",
    gain: float = 0.4,
    bins: int = 8,
    bound: float = 5.0,
    coupling: bool = True,
    base: Distribution | None = None,
    embed: Network | None = None,
    support: Support | None = None,
    whiten: str = "full",
    standardize: str = "moments",
    seed: int = 0,
) -> Flow:
    """Neural spline flow: `layers` couplings, as the paper's (C), or with coupling=False autoregressive layers, (AR).

    The first samples in one pass, the second conditions every variable on all before it. `seed` fixes the permutations.
    """
    h = Inverse(RationalQuadraticSpline(bins, bound))
    chain = layers_of_either_structure(
        coupling,
        dim,
        h,
        hidden=hidden,
        activation=activation,
        gain=gain,
        layers=layers,
        context_dim=context_dim,
        seed=seed,
    )
    base = with_fitted_tails(dim, base, context_dim)
    return for_data(dim, chain, base, embed, support, whiten, standardize)
