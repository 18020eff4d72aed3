"""A ready-made flow for a posterior of one's own: what `fit_posterior` takes where it is told only how many variables.

    z -> Coupling, affine -> ... -> Triangular -> Whiten -> constraints -> x

Whiten takes location, scales and correlations from the rough draws that the flow is shown first, and keeps them;
Triangular, trained, corrects them. An affine coupling scales a variable by what the others are, as hierarchical models
do, and reaches as far out as it must. Both directions are one pass. The constraints come last, and have no parameters:

    nf.flows.inference(constraints=[2, nf.Bounds([0], [inf]), nf.Simplex(3)])     2 reals, a positive number, 3 shares

is a flow of 5 variables: the third share is 1 minus the other two.
"""

from __future__ import annotations

from collections.abc import Sequence

from nfscratch.bijections import Bijection, Blocks, Diagonal, Elementwise, Triangular, Whiten
from nfscratch.bijections.chain import Chain
from nfscratch.bijections.inverse import Inverse
from nfscratch.bijections.normalize.whiten import LARGEST
from nfscratch.distributions import Distribution
from nfscratch.excerpt import excerpt
from nfscratch.flows.flow import Flow
from nfscratch.flows.layers import check_transformer, coupling_layers
from nfscratch.flows.recipe import on_base, sizes
from nfscratch.flows.support import Support
from nfscratch.nets import MLP
from nfscratch.transformers import Affine, RationalQuadraticSpline, Transformer


def inference(
    dim: int | None = None,
    *,
    constraints: Sequence[Bijection | int] | None = None,
    support: Support | None = None,
    layers: int = 6,
    hidden: Sequence[int] = (64, 64),
    activation: str = "tanh",
    gain: float = 0.4,
    transformer: Transformer | None = None,
    base: Distribution | None = None,
    seed: int = 0,
) -> Flow:
    """Couplings for `fit_posterior`, of `dim` variables, or of as many as `constraints` have.

    constraints: the blocks of the variables in their order, bijections and numbers of free variables, as of nf.Blocks.
    support: bounds instead, (low, high) as of the other recipes.
    transformer: from z to x, its parameters a function of z; default Affine(3.0), log-scales within 3 in each layer.
        nf.RationalQuadraticSpline(8, 5.0) bends more, and is better for several modes; its tails are less good.
    """
    last = _constrained(dim, constraints, support)
    dim, layers = sizes(dim if last is None else last.in_shape[0], layers)
    if transformer is None:
        transformer = Affine(3.0) if dim > 1 else RationalQuadraticSpline(8, 5.0)
    check_transformer(transformer)
    h = Inverse(transformer)
    if dim == 1:  # one variable has no other to depend on
        chain = [Elementwise(h, 1)]
    else:
        chain = coupling_layers(dim, h, MLP(hidden, activation, gain), layers, seed=seed)
    correction = Triangular(dim) if dim <= LARGEST else Diagonal(dim)
    end = [] if last is None else [last]
    return on_base(dim, Chain([*chain, correction, Whiten(dim), *end]), base, support=support)


def _constrained(dim, constraints, support):
    """The Blocks that come last, or None."""
    if constraints is None:
        return None
    if support is not None:
        raise ValueError("inference takes constraints or support, not both; got both")
    if isinstance(constraints, Bijection):
        constraints = [constraints]
    if not isinstance(constraints, (list, tuple)):
        raise TypeError(
            "constraints must be a list of bijections and of numbers of free variables, such as [2, nf.Simplex(3)]; "
            f"got {excerpt(constraints)}"
        )
    last = Blocks(constraints)
    if dim is not None and dim != last.out_shape[0]:
        raise ValueError(f"dim must be the sum of the constraints' variables, {last.out_shape[0]}; got {dim}")
    return last
