"""Posteriors q(z | h) by name, for amortised variational inference: h is an encoder's output, one row for each x.

    z_0 = m(h) + e^s(h) eps  ->  layers, which see h too  ->  z          m and s linear in h (ConditionedBase)

    normal      no layers
    planar      one linear map of h gives the parameters of all layers     (Rezende and Mohamed 2015, arXiv:1505.05770)
    sylvester   the same, for triangular layers, which take turns     (van den Berg et al. 2018, arXiv:1803.05649)
    iaf         each layer's masked network takes h beside its input         (Kingma et al. 2016, arXiv:1606.04934)
    spline      so do the networks of the couplings, which bend by splines     (Durkan et al. 2019, arXiv:1906.04032)

All go from noise to z in one pass, which is what the ELBO needs, and all that depends on h starts at 0: a fresh
posterior is the same for every h.
"""

from __future__ import annotations

from collections.abc import Sequence

from nfscratch import validate
from nfscratch.bijections import Conditioned, Planar, Reshape, Sylvester
from nfscratch.bijections.chain import Chain
from nfscratch.bijections.contract import Bijection
from nfscratch.bijections.inverse import Inverse
from nfscratch.distributions import ConditionedBase, DiagonalNormal
from nfscratch.flows.flow import Flow
from nfscratch.flows.layers import autoregressive_layers, coupling_layers
from nfscratch.flows.recipe import sizes
from nfscratch.nets import MADE, MLP
from nfscratch.transformers import Affine, RationalQuadraticSpline

KINDS = ("normal", "planar", "sylvester", "iaf", "spline")


def posterior(
    dim: int,
    context_dim: int,
    kind: str = "normal",
    *,
    layers: int = 4,
    hidden: Sequence[int] = (64,),
    rank: int | None = None,
    bins: int = 8,
    bound: float = 5.0,
) -> Flow:
    """q(z | h) over `dim` numbers, given h of context_dim numbers, which the flow takes as its context.

    kind: "normal", "planar", "sylvester", "iaf" or "spline". layers: how many; "normal" has none. hidden: widths of
    the networks inside the layers of "iaf" and "spline". rank: of "sylvester", default dim, at most 16. bins, bound:
    of "spline".
    """
    dim, layers = sizes(dim, layers)
    context_dim = validate.count("context_dim", context_dim, least=1)
    validate.choice("kind", kind, KINDS)
    spline = RationalQuadraticSpline(bins, bound)  # these two refuse bad arguments whatever the kind
    turns = _taking_turns(dim, min(dim, 16) if rank is None else rank, layers)
    base = ConditionedBase(DiagonalNormal(dim), MLP(()), context_dim)
    if kind == "normal":
        return Flow(base, Reshape((dim,), (dim,)))
    if kind == "planar":
        return Flow(base, _following_h([Planar(dim) for _ in range(layers)], context_dim))
    if kind == "sylvester":
        return Flow(base, _following_h(turns, context_dim))
    if kind == "iaf":
        chain = autoregressive_layers(dim, Inverse(Affine()), MADE(hidden), layers, context_dim)
        return Flow(base, Chain([Inverse(layer) for layer in chain]))
    return Flow(base, Chain(coupling_layers(dim, spline, MLP(hidden), layers, context_dim)))


def _taking_turns(dim, rank, layers):
    return [Sylvester(dim, rank, "triangular", flip=k % 2 == 1) for k in range(layers)]


def _following_h(layers: list[Bijection], context_dim: int) -> Bijection:
    """The layers with all their parameters linear in h."""
    return Conditioned(Chain(layers), MLP(()), context_dim)
