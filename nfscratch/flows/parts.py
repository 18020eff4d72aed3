"""The parts of a flow: whether they fit together, and their names in messages from x on: "layer 3 of 5 (Coupling)"."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nfscratch import outside
from nfscratch.bijections.chain import Chain
from nfscratch.bijections.contract import Bijection
from nfscratch.bijections.inverse import kind
from nfscratch.nets.network import check_rows
from nfscratch.ops.intervals import within


def check_agreement(flow: Any) -> None:
    """Refuse parts that do not fit together; warn where the bijection does not take all that the base draws."""
    base, bijection = flow.base, flow.bijection
    if tuple(base.shape) != tuple(bijection.in_shape):
        raise ValueError(f"base and bijection must agree on the shape of z; got {base.shape} and {bijection.in_shape}")
    dims = {bijection.context_dim, base.context_dim} - {0}
    if len(dims) > 1:
        raise ValueError(f"base and bijection must take the same context; got context_dim {sorted(dims)}")
    if flow.embed is not None and not dims:
        raise ValueError("embed needs a bijection or a base that takes a context; got context_dim 0 for both")
    check_rows("embed", flow.embed)
    domain = bijection.domain
    if domain is not None and not within(base.support, domain):
        outside.warn(
            f"the base draws from {base.support}, the bijection takes {domain}: what lies outside is lost, "
            "and the density integrates to less than 1 (Inverse(bijection) is the other direction)",
        )


def layers_from_data(bijection: Bijection, params: Any, within: str = "") -> Iterator[tuple[str, Bijection, Any]]:
    """(name, layer, its params) for each layer that is no Chain, last to first. The name tells its place in the Chain.

    Layers are counted from 1, in the order in which z meets them, as the audit counts them. A layer of a Chain inside
    a Chain is counted inside it: "layer 1 of 2 in layer 3 of 3" is the first layer of the third.
    """
    if not isinstance(bijection, Chain):
        yield f"{within or 'layer'} ({kind(bijection)})", bijection, params
        return
    n = len(bijection.layers)
    for k in reversed(range(n)):
        place = f"layer {k + 1} of {n}" + f" in {within}" * bool(within)
        yield from layers_from_data(bijection.layers[k], params[k], place)


def has_own_part(part: Any) -> bool:
    """Whether `part` is of a class outside of this package, or holds one that is."""
    if isinstance(part, (list, tuple)):
        return any(map(has_own_part, part))
    if not hasattr(part, "__dataclass_fields__"):  # numbers, texts and arrays; any other object is a caller's own part
        return hasattr(part, "init")
    own = type(part).__module__.partition(".")[0] != __package__.partition(".")[0]
    return own or any(has_own_part(getattr(part, name)) for name in part.__dataclass_fields__)


def base_name(flow: Any) -> str:
    return f"the base ({kind(flow.base)})"


def embed_name(flow: Any) -> str:
    inner = getattr(flow.embed, "network", None)  # of a StandardizedInput
    return f"embed ({kind(flow.embed if inner is None else inner)})"
