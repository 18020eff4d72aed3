"""The frame of the ready-made flows: what stands before and after the layers of a recipe.

    z ~ base -> Whiten -> layer -> ... -> layer -> Remainder -> Standardize -> x   for_data: in the data's own units
    z ~ base -> bijection -> x                                          on_base: fitted to a target, which has no data

and after each of them, where a `support` is given, the layer that maps all reals onto it (support.py).

The base is a standard normal, unless one is given; `real_nvp`, `maf` and `rq_nsf` take FittedTails, which is one too
where the tails of the data are normal. An embedding network, if given, turns the context y into h(y), and the layers
take h(y). A recipe makes the layers, and this frame makes the Flow; it checks what every recipe takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nfscratch import validate
from nfscratch.bijections import Remainder, Standardize, Whiten
from nfscratch.bijections.chain import Chain
from nfscratch.bijections.contract import Bijection
from nfscratch.bijections.normalize.statistics import STATISTICS
from nfscratch.bijections.normalize.whiten import LARGEST
from nfscratch.distributions import Distribution, FittedTails, StandardNormal
from nfscratch.excerpt import excerpt
from nfscratch.flows.flow import Flow
from nfscratch.flows.support import Support, onto_support
from nfscratch.nets import Network, StandardizedInput
from nfscratch.nets.network import check_rows

RESCALED = 1e-3  # Standardize hands on columns of scale 1; what is smaller is the Remainder of a column that is given


def sizes(dim: int, layers: int) -> tuple[int, int]:
    """`dim` and `layers` as ints of at least 1, or ValueError."""
    return validate.size("dim", dim), validate.size("layers", layers)


def with_fitted_tails(dim: int, base: Distribution | None, context_dim: int) -> Distribution | None:
    """`base`; None is FittedTails(dim), or the frame's own where there is a context, with which it was not tried."""
    return FittedTails(dim) if base is None and not context_dim else base


def for_data(
    dim: int,
    layers: Sequence[Bijection],
    base: Distribution | None = None,
    embed: Network | None = None,
    support: Support | None = None,
    whiten: str = "full",
    standardize: str = "moments",
) -> Flow:
    """Whiten, then `layers` in the order in which z meets them, then the data's own location and scale.

    whiten: "full" puts the data's correlations next to the base, where the rows allow it (Whiten): with layers that
        start as the identity the flow is the full Gaussian before its first step, and the layers still see each column
        by itself; where others nearly determine a column they see its residual (Remainder). "diagonal" leaves
        both out, and so do more than 256 variables.
    standardize: "moments", or "robust" where a few far rows would decide the scale.
    support: where the data can be; a last layer maps all reals there.
    """
    validate.choice("whiten", whiten, ("full", "diagonal"))
    validate.choice("standardize", standardize, STATISTICS)
    full = whiten == "full" and 1 < dim <= LARGEST
    first, last = ([Whiten(dim, standardize, RESCALED)], [Remainder(dim)]) if full else ([], [])
    chain = Chain([*first, *layers, *last, Standardize(dim, standardize), *onto_support(dim, support)])
    return on_base(dim, chain, base, embed, standardize=standardize)


def on_base(
    dim: int,
    bijection: Bijection,
    base: Distribution | None = None,
    embed: Network | None = None,
    support: Support | None = None,
    standardize: str = "moments",
) -> Flow:
    """`bijection` as it is, and then onto `support`, on `base`; None is StandardNormal(dim).

    A context is standardised: the layers and `embed` see it with mean 0 and standard deviation 1.
    """
    if onto := onto_support(dim, support):
        bijection = Chain([bijection, *onto])
    if base is None:
        base = StandardNormal(dim)
    check_base(base, bijection.in_shape)
    if embed is not None:
        check_network("embed", embed)
    if (bijection.context_dim or base.context_dim) and not isinstance(embed, StandardizedInput):
        embed = StandardizedInput(embed, standardize)
    return Flow(base, bijection, embed)


def check_base(base: Any, shape: tuple[int, ...]) -> None:
    """Raise TypeError unless base is a Distribution, and ValueError unless its events have the shape of z."""
    validate.part("base", base, Distribution, f"nf.StandardNormal({shape[0]})")
    if tuple(base.shape) != tuple(shape):
        raise ValueError(
            f"base must have the shape of z, {tuple(shape)}; got {type(base).__name__} of shape {tuple(base.shape)}"
        )


def check_network(name: str, network: Any) -> None:
    """Raise TypeError unless `network` has the methods of a Network that takes rows; its class may be a caller's."""
    methods = (getattr(network, method, None) for method in ("init", "apply", "apply_vjp"))
    if isinstance(network, type) or not all(map(callable, methods)):
        raise TypeError(f"{name} must be a Network, such as nf.MLP((64, 64)); got {excerpt(network)}")
    check_rows(name, network)
