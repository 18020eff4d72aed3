"""Neural flows: layers whose transformer is a monotone network. Huang et al. 2018, arXiv:1804.00779 (NAF).

    z -> Autoregressive -> Autoregressive, order reversed -> ... -> Standardize -> x
    z -> coupling -> coupling, mask flipped -> permutation -> coupling -> ... -> Standardize -> x

Each layer holds Inverse(h), so that x -> z, which maximum likelihood runs, is h's own formula, and no step of training
searches for a root; sampling does. The transformer may be DeepSigmoid (DSF), DeepDenseSigmoid (DDSF), UMNN,
LogisticMixtureCDF (Flow++) or any other that maps the reals onto the reals.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from nfscratch.bijections.inverse import Inverse
from nfscratch.distributions import Distribution
from nfscratch.flows.flow import Flow
from nfscratch.flows.layers import check_transformer, layers_of_either_structure
from nfscratch.flows.recipe import for_data
from nfscratch.flows.support import Support
from nfscratch.nets import Network
from nfscratch.transformers import DeepSigmoid, Transformer


def naf(
    dim: int,
    *,
    transformer: Transformer = DeepSigmoid(),  # noqa: B008 (frozen: safe to share)
    layers: int = 4,
    hidden: Sequence[int] = (64, 64),
    context_dim: int = 0,
    activation: str = "tanh",
    gain: float = 0.4,
    coupling: bool = False,
    base: Distribution | None = None,
    embed: Network | None = None,
    support: Support | None = None,
    whiten: str = "full",
    standardize: str = "moments",
    seed: int = 0,
) -> Flow:
    """A flow of monotone networks: autoregressive layers, as the paper's, or couplings.

    `seed` fixes the couplings' permutations.
    """
    check_transformer(transformer, "nf.DeepSigmoid()")
    if (transformer.domain, transformer.codomain) != ((-inf, inf), (-inf, inf)):
        raise ValueError(
            f"transformer must map the reals onto the reals, or the density does not integrate to one; "
            f"got {type(transformer).__name__} from {transformer.domain} to {transformer.codomain}"
        )
    h = Inverse(transformer)
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
    return for_data(dim, chain, base, embed, support, whiten, standardize)
