"""Ready-made planar, radial and Sylvester flows, for variational inference: noise goes to samples in one pass.

    z -> layer -> layer -> ... -> x         sample_and_log_prob is one pass; log_prob of given data needs the inverses

A Stack of equal layers; but for triangular Sylvester layers, which take turns, a Chain. With a context, one network
makes the parameters of all layers for each row: theta_n = theta_0 + network(c_n), as an encoder does (Conditioned).

Radial layers have their inverse in closed form, the others by search. There is no last layer that looks at data: these
flows are fitted to an unnormalised density (objectives.reverse_kl). For data, put the layers in nf.Inverse.

They take the arguments of the other recipes but `seed`: nothing in them is drawn before `init`. hidden and activation
are those of the context's network, and do nothing without a context.
"""

from __future__ import annotations

from collections.abc import Sequence

from nfscratch.bijections import Planar, Radial, Stack, Sylvester
from nfscratch.bijections.chain import Chain
from nfscratch.distributions import Distribution
from nfscratch.flows.flow import Flow
from nfscratch.flows.layers import following
from nfscratch.flows.recipe import on_base, sizes
from nfscratch.flows.support import Support
from nfscratch.nets import MLP, Network


def planar(
    dim: int,
    *,
    layers: int = 16,
    hidden: Sequence[int] = (64, 64),
    context_dim: int = 0,
    activation: str = "tanh",
    gain: float = 0.4,
    base: Distribution | None = None,
    embed: Network | None = None,
    support: Support | None = None,
) -> Flow:
    """Planar layers (Rezende and Mohamed 2015, arXiv:1505.05770)."""
    dim, layers = sizes(dim, layers)
    bijection = following(Stack(Planar(dim), layers), MLP(hidden, activation, gain), context_dim)
    return on_base(dim, bijection, base, embed, support)


def radial(
    dim: int,
    *,
    layers: int = 16,
    hidden: Sequence[int] = (64, 64),
    context_dim: int = 0,
    activation: str = "tanh",
    gain: float = 0.4,
    base: Distribution | None = None,
    embed: Network | None = None,
    support: Support | None = None,
) -> Flow:
    """Radial layers (Rezende and Mohamed 2015, arXiv:1505.05770)."""
    dim, layers = sizes(dim, layers)
    bijection = following(Stack(Radial(dim), layers), MLP(hidden, activation, gain), context_dim)
    return on_base(dim, bijection, base, embed, support)


def sylvester(
    dim: int,
    *,
    layers: int = 8,
    rank: int | None = None,
    orthogonal: str = "qr",
    hidden: Sequence[int] = (64, 64),
    context_dim: int = 0,
    activation: str = "tanh",
    gain: float = 0.4,
    base: Distribution | None = None,
    embed: Network | None = None,
    support: Support | None = None,
) -> Flow:
    """Sylvester layers of rank `rank` (default: dim, at most 16) (van den Berg et al. 2018, arXiv:1803.05649)."""
    dim, layers = sizes(dim, layers)
    rank = min(dim, 16) if rank is None else rank
    if orthogonal == "triangular":
        unconditional = Chain([Sylvester(dim, rank, orthogonal, flip=k % 2 == 1) for k in range(layers)])
    else:
        unconditional = Stack(Sylvester(dim, rank, orthogonal), layers)
    bijection = following(unconditional, MLP(hidden, activation, gain), context_dim)
    return on_base(dim, bijection, base, embed, support)
