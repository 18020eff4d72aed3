"""Posteriors q(z | h) by name, for amortised variational inference: h is an encoder's output, one row for each x.

    z_0 = m(h) + e^s(h) eps  ->  layers, which see h too  ->  z          m and s linear in h (ConditionedBase)

    normal      no layers
    planar      one linear map of h gives the parameters of all layers     (Rezende and Mohamed 2015, arXiv:1505.05770)
    sylvester   the same, for triangular layers, which take turns     (van den Berg et al. 2018, arXiv:1803.05649)
    iaf         each layer's masked network takes h beside its input         (Kingma et al. 2016, arXiv:1606.04934)
    spline      so do the networks of the couplings, which bend by splines     (Durkan et al. 2019, arXiv:1906.04032)

All go from noise to z in one pass, which is what the ELBO needs, and all that depends on h starts at 0: a fresh
posterior is the same for every h. Without a context m, s and the layers' parameters are trained directly.
"""

from __future__ import annotations

from collections.abc import Sequence

from nfscratch import validate
from nfscratch.bijections import Planar, Reshape, Sylvester
from nfscratch.bijections.chain import Chain
from nfscratch.bijections.inverse import Inverse
from nfscratch.distributions import ConditionedBase, DiagonalNormal
from nfscratch.flows.flow import Flow
from nfscratch.flows.layers import autoregressive_layers, coupling_layers, following
from nfscratch.flows.recipe import sizes
from nfscratch.nets import MADE, MLP
from nfscratch.transformers import Affine, RationalQuadraticSpline

LINEAR = MLP(())
KINDS = ("normal", "planar", "sylvester", "iaf", "spline")


def posterior(
    dim: int,
    context_dim: int = 0,
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
    validate.choice("kind", kind, KINDS)
    masked, network, spline = MADE(hidden), MLP(hidden), RationalQuadraticSpline(bins, bound)
    turns = [Sylvester(dim, _rank(rank, dim), "triangular", flip=k % 2 == 1) for k in range(layers)]
    base = _base(dim, context_dim)
    if kind == "normal":
        return Flow(base, Reshape((dim,), (dim,)))
    if kind == "planar":
        return Flow(base, following(Chain([Planar(dim) for _ in range(layers)]), LINEAR, context_dim))
    if kind == "sylvester":
        return Flow(base, following(Chain(turns), LINEAR, context_dim))
    if kind == "iaf":
        chain = autoregressive_layers(dim, Inverse(Affine()), masked, layers, context_dim)
        return Flow(base, Chain([Inverse(layer) for layer in chain]))
    return Flow(base, Chain(coupling_layers(dim, spline, network, layers, context_dim)))


def _base(dim, context_dim):
    base = DiagonalNormal(dim)
    return ConditionedBase(base, LINEAR, context_dim) if validate.size("context_dim", context_dim, 0) else base


def _rank(rank, dim):
    return min(dim, 16) if rank is None else rank
