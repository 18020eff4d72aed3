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

from nfscratch.bijections import Standardize
from nfscratch.bijections.chain import Chain
from nfscratch.bijections.inverse import Inverse
from nfscratch.distributions import Distribution, StandardNormal
from nfscratch.flows.flow import Flow
from nfscratch.flows.maf import autoregressive_layers
from nfscratch.flows.real_nvp import coupling_layers
from nfscratch.nets import MADE, MLP, Network
from nfscratch.transformers import DeepSigmoid, Transformer


def naf(
    dim: int,
    *,
    transformer: Transformer = DeepSigmoid(),  # noqa: B008 (frozen: safe to share)
    layers: int = 4,
    hidden: Sequence[int] = (64, 64),
    context_dim: int = 0,
    activation: str = "relu",
    coupling: bool = False,
    base: Distribution | None = None,
    embed: Network | None = None,
    seed: int = 0,
) -> Flow:
    """A flow of monotone networks: autoregressive layers, as the paper's, or couplings.

    `seed` fixes the couplings' permutations.
    """
    if not isinstance(transformer, Transformer):
        raise TypeError(f"transformer must be a Transformer, as nf.DeepSigmoid(); got {transformer!r}")
    if (transformer.domain, transformer.codomain) != ((-inf, inf), (-inf, inf)):
        raise ValueError(
            f"transformer must map the reals onto the reals, or the density does not integrate to one; "
            f"got {type(transformer).__name__} from {transformer.domain} to {transformer.codomain}"
        )
    h = Inverse(transformer)
    if coupling:
        chain = coupling_layers(dim, h, MLP(hidden, activation), layers, context_dim, seed)
    else:
        chain = autoregressive_layers(dim, h, MADE(hidden, activation), layers, context_dim, seed=seed)
    return Flow(base or StandardNormal(dim), Chain([*chain, Standardize(dim)]), embed)
