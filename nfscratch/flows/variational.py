"""Ready-made planar, radial and Sylvester flows, for variational inference: noise goes to samples in one pass.

    z -> layer -> layer -> ... -> x         sample_and_log_prob is one pass; log_prob of given data needs the inverses

A Stack of equal layers; but for triangular Sylvester layers, which take turns, a Chain.

Radial layers have their inverse in closed form, the others by search. There is no last layer that looks at data: these
flows are fitted to an unnormalised density (objectives.reverse_kl). For data, put the layers in nf.Inverse.
"""

from __future__ import annotations

from nfscratch.bijections import Planar, Radial, Stack, Sylvester
from nfscratch.bijections.chain import Chain
from nfscratch.distributions import Distribution
from nfscratch.flows.flow import Flow
from nfscratch.flows.recipe import on_base, sizes


def planar(dim: int, *, layers: int = 16, base: Distribution | None = None) -> Flow:
    """Planar layers (Rezende and Mohamed 2015, arXiv:1505.05770)."""
    dim, layers = sizes(dim, layers)
    return on_base(dim, Stack(Planar(dim), layers), base)


def radial(dim: int, *, layers: int = 16, base: Distribution | None = None) -> Flow:
    """Radial layers (Rezende and Mohamed 2015, arXiv:1505.05770)."""
    dim, layers = sizes(dim, layers)
    return on_base(dim, Stack(Radial(dim), layers), base)


def sylvester(
    dim: int, *, layers: int = 8, rank: int | None = None, orthogonal: str = "qr", base: Distribution | None = None
) -> Flow:
    """Sylvester layers of rank `rank` (default: dim, at most 16) (van den Berg et al. 2018, arXiv:1803.05649)."""
    dim, layers = sizes(dim, layers)
    rank = min(dim, 16) if rank is None else rank
    if orthogonal == "triangular":
        bijection = Chain([Sylvester(dim, rank, orthogonal, flip=k % 2 == 1) for k in range(layers)])
    else:
        bijection = Stack(Sylvester(dim, rank, orthogonal), layers)
    return on_base(dim, bijection, base)
