"""The parts of a flow, in the order in which x meets them, and their names in messages: "layer 3 (Coupling)"."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nfscratch.bijections.chain import Chain
from nfscratch.bijections.contract import Bijection
from nfscratch.bijections.inverse import kind


def layers_from_data(bijection: Bijection, params: Any, path: str = "layer") -> Iterator[tuple[str, Bijection, Any]]:
    """(name, layer, its params) for each layer that is no Chain, last to first. The name tells its place in the Chain.

    A layer of a Chain inside a Chain is numbered inside it: "layer 2.0" is the first layer of the third layer.
    """
    if not isinstance(bijection, Chain):
        yield f"{path} ({kind(bijection)})", bijection, params
        return
    for k in reversed(range(len(bijection.layers))):
        yield from layers_from_data(bijection.layers[k], params[k], f"{path} {k}" if path == "layer" else f"{path}.{k}")


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
