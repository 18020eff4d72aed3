"""Ends: the one continuous layer of a flow, what stands on its two sides, and its place in the tree of parameters.

base -> layers before -> z_0 | field | x_1 -> layers after -> x
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as onp

from nfscratch import trees
from nfscratch.bijections.chain import Chain
from nfscratch.bijections.continuous import Continuous
from nfscratch.flows.context import check_flow

Place = tuple[int, ...]


@dataclass(frozen=True)
class Ends:
    """before, after: (place, layer) in the order in which z meets them. A place is a path of numbers in the Chain."""

    before: tuple[tuple[Place, Any], ...]
    place: Place
    layer: Any
    after: tuple[tuple[Place, Any], ...]

    @staticmethod
    def of(flow: Any) -> Ends:
        """The ends of a flow, or TypeError unless exactly one of its layers is continuous."""
        check_flow(flow)
        layers = tuple(_leaves(flow.bijection))
        found = [k for k, (_, layer) in enumerate(layers) if isinstance(layer, Continuous)]
        if len(found) != 1:
            raise TypeError(
                "this objective needs a flow with one continuous layer, such as nf.flows.continuous(2); "
                f"got {len(found)} of them among {len(layers)} layers"
            )
        (k,) = found
        return Ends(layers[:k], *layers[k], layers[k + 1 :])

    def field_params(self, params: Any) -> Any:
        return _at(params["bijection"], self.place)

    def noise(self, flow: Any, params: Any, rng: Any, n: int, h: Any) -> Any:
        """n draws of z_0; h: the embedded context."""
        of_base = (h,) if flow.base.context_dim else ()
        z = flow.base.sample(params["base"], rng, n, trees.array_like(params), *of_base)
        for place, layer in self.before:
            z, _ = layer.forward_value(_at(params["bijection"], place), z, h)
        return z

    def data(self, params: Any, x: Any, h: Any) -> Any:
        """x_1 of the rows x."""
        for place, layer in reversed(self.after):
            x, _ = layer.inverse_value(_at(params["bijection"], place), x, h)
        return x

    def gradients(self, params: Any, g_field: Any, g_embed: Any) -> Any:
        """The gradient tree of the flow: 0 wherever neither the field nor the embedding is."""
        return {
            "base": trees.map_leaves(onp.zeros_like, params["base"]),
            "bijection": _with(params["bijection"], self.place, g_field),
            "embed": g_embed,
        }


def _leaves(bijection: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    if not isinstance(bijection, Chain):
        yield place, bijection
        return
    for k, layer in enumerate(bijection.layers):
        yield from _leaves(layer, (*place, k))


def _at(tree, place):
    for k in place:
        tree = tree[k]
    return tree


def _with(tree, place, value):
    """A tree of zeros like `tree`, with `value` at that place."""
    if not place:
        return value
    return [
        _with(child, place[1:], value) if k == place[0] else trees.map_leaves(onp.zeros_like, child)
        for k, child in enumerate(tree)
    ]
