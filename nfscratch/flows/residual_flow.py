"""Ready-made residual flows: from data to noise, every layer adds a contraction.

    x -> Standardize -> u + F(u) -> ActNorm -> u + F(u) -> ActNorm -> ... -> z      the direction of a fit

Each layer is Inverse(Residual), so that x -> z, which a fit runs, is one pass; sampling solves for each layer's input
by iteration. A layer stretches no distance by more than 1 + L, so depth is paid for what one affine layer does at once;
ActNorm between the layers gives that freedom back. Behrmann et al. 2019, arXiv:1811.00995; Chen et al. 2019,
arXiv:1906.02735.
"""

from __future__ import annotations

from collections.abc import Sequence

from nfscratch import validate
from nfscratch.bijections import ActNorm, Residual
from nfscratch.bijections.inverse import Inverse
from nfscratch.bijections.residual import LARGE
from nfscratch.distributions import Distribution
from nfscratch.flows.flow import Flow
from nfscratch.flows.recipe import for_data, sizes
from nfscratch.flows.support import Support
from nfscratch.nets import LipschitzMLP, Network


def residual(
    dim: int,
    *,
    layers: int = 16,
    hidden: Sequence[int] = (64, 64),
    context_dim: int = 0,
    activation: str = "tanh",
    gain: float = 1.0,
    coefficient: float = 0.97,
    log_det: str | None = None,
    base: Distribution | None = None,
    embed: Network | None = None,
    support: Support | None = None,
    whiten: str = "full",
    standardize: str = "moments",
) -> Flow:
    """Residual flow. log_det: "exact", "series" or "roulette"; None: exact up to 64 variables, roulette beyond."""
    dim, layers = sizes(dim, layers)
    if log_det is None:
        log_det = "exact" if dim <= LARGE else "roulette"
    context_dim = validate.size("context_dim", context_dim, 0)
    layer = Inverse(Residual(dim, LipschitzMLP(hidden, coefficient, activation, gain), log_det, context_dim))
    chain = [part for _ in range(layers) for part in (ActNorm(dim), layer)]
    return for_data(dim, chain, base, embed, support, whiten, standardize)
