"""Where a training run went wrong: the first layer, and the direction, in which numbers stop being finite."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as onp

from nfscratch import trees
from nfscratch.bijections.chain import Chain
from nfscratch.bijections.contract import Bijection


def blame(flow: Any, params: Any, grads: Any, x: Any, context: Any) -> str:
    """The layer at fault, for a batch on which the loss of `flow` diverged."""
    h = flow.embedded(params, context)
    growth, worst = 0.0, ""
    for name, layer, layer_params in layers_from_data(flow.bijection, params["bijection"]):
        z, log_det = layer.inverse(layer_params, x, h)
        if not (onp.isfinite(z).all() and onp.isfinite(log_det).all()):
            return f"{name}, inverse (x -> z), gives NaN or infinity"
        grown = float(onp.abs(z).max()) / max(1.0, float(onp.abs(x).max()))
        if grown > growth:
            growth, worst = grown, f"{name}, inverse (x -> z), enlarges |x| most: {growth_text(x, z)}"
        x = z
    bad = next((path for path, g in trees.named_leaves(grads) if not onp.isfinite(g).all()), None)
    return worst if bad is None else f"the gradient of {bad} in inverse (x -> z) is NaN or infinite"


def growth_text(x: Any, z: Any) -> str:
    return f"{float(onp.abs(x).max()):.1e} to {float(onp.abs(z).max()):.1e}"


def layers_from_data(bijection: Bijection, params: Any, path: str = "layer") -> Iterator[tuple[str, Bijection, Any]]:
    """The leaf layers in the order in which x meets them, named by their place in the Chain: "layer 3 (Coupling)"."""
    if not isinstance(bijection, Chain):
        yield f"{path} ({type(bijection).__name__})", bijection, params
        return
    for k in reversed(range(len(bijection.layers))):
        yield from layers_from_data(bijection.layers[k], params[k], f"{path} {k}" if path == "layer" else f"{path}.{k}")
