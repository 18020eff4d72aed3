"""The parts of a flow, in the order in which x meets them, and their names in messages: "layer 3 (Coupling)"."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nfscratch.bijections.chain import Chain
from nfscratch.bijections.contract import Bijection
from nfscratch.bijections.inverse import InverseBijection


def layers_from_data(bijection: Bijection, params: Any, path: str = "layer") -> Iterator[tuple[str, Bijection, Any]]:
    """(name, layer, its params) for each layer that is no Chain, last to first. The name tells its place in the Chain.

    A Chain inside a Chain counts on: "layer 2.0" is the first layer of the Chain that stands third.
    """
    if not isinstance(bijection, Chain):
        yield f"{path} ({kind(bijection)})", bijection, params
        return
    for k in reversed(range(len(bijection.layers))):
        yield from layers_from_data(bijection.layers[k], params[k], f"{path} {k}" if path == "layer" else f"{path}.{k}")


def kind(part: Any) -> str:
    """The class of a part; an Inverse also tells what it holds."""
    return f"Inverse of {kind(part.bijection)}" if isinstance(part, InverseBijection) else type(part).__name__


def base_name(flow: Any) -> str:
    return f"the base ({kind(flow.base)})"


def embed_name(flow: Any) -> str:
    return f"embed ({kind(flow.embed)})"
