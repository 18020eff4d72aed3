"""Traits: what a bijection says about itself, and what a wrapper says of the bijections that it holds.

A leaf states its traits as class attributes or properties. A wrapper states none: it is a `Derived`, and its method
`derive` makes all of them at once, from the traits of what it holds, by one of these:

    swapped(a)           Inverse: the same map in the other direction
    composed(a, b, ...)  Chain and Stack: one map after the other
    beside(a, b, ...)    Blocks: each map for variables of its own
    moved_by(h, own)     Elementwise, Coupling, Autoregressive: a transformer h moves the variables

A trait that is added here has to be given a meaning in `swapped` and `composed`: a dataclass with a missing field
cannot be made, so no wrapper can forget it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property, reduce
from typing import Any

from nfscratch.bijections.contract import Bijection
from nfscratch.ops.intervals import Interval

COSTS = ("one pass", "sequential", "iterative")  # from cheap to dear


@dataclass(frozen=True)
class Traits:
    """Every trait of the contract; `Bijection` says what each of them means."""

    in_shape: tuple[int, ...]
    out_shape: tuple[int, ...]
    context_dim: int
    jacobian_structure: str
    forward_cost: str
    inverse_cost: str
    updates: bool
    update_sees_data: bool
    data_side_only: bool
    stochastic: bool
    smooth: bool
    accuracy: float
    domain: Interval | None
    codomain: Interval | None


NAMES = tuple(field.name for field in fields(Traits))


def traits_of(part: Any) -> Traits:
    """The traits of a bijection."""
    return Traits(**{name: getattr(part, name) for name in NAMES})


def swapped(a: Traits) -> Traits:
    """The traits of the inverse map. The traits that are not named here stay."""
    return replace(
        a,
        in_shape=a.out_shape,
        out_shape=a.in_shape,
        forward_cost=a.inverse_cost,
        inverse_cost=a.forward_cost,
        domain=a.codomain,
        codomain=a.domain,
    )


def composed(layers: Any) -> Traits:
    """The traits of g_K(... g_1(z)): the layers are given in the order in which z meets them."""
    parts = [traits_of(layer) for layer in layers]
    return Traits(
        in_shape=parts[0].in_shape,
        out_shape=parts[-1].out_shape,
        jacobian_structure=_product_structure(layers, {part.jacobian_structure for part in parts}),
        domain=reduce(lambda interval, layer: layer.preimage(interval), layers[-2::-1], parts[-1].domain),
        codomain=reduce(lambda interval, layer: layer.image(interval), layers[1:], parts[0].codomain),
        **_either_way(parts),
    )


def beside(blocks: Any) -> Traits:
    """The traits of maps side by side, each for variables (D,) of its own."""
    parts = [traits_of(block) for block in blocks]
    return Traits(
        in_shape=(sum(part.in_shape[0] for part in parts),),
        out_shape=(sum(part.out_shape[0] for part in parts),),
        jacobian_structure=_structure_beside({part.jacobian_structure for part in parts}),
        domain=shared(part.domain for part in parts),
        codomain=shared(part.codomain for part in parts),
        **_either_way(parts),
    )


def _either_way(parts):
    """The traits that several maps have together, one after the other or side by side."""
    return {
        "context_dim": max(part.context_dim for part in parts),
        "forward_cost": dearest(part.forward_cost for part in parts),
        "inverse_cost": dearest(part.inverse_cost for part in parts),
        "updates": any(part.updates for part in parts),
        "update_sees_data": any(part.update_sees_data for part in parts),
        "data_side_only": any(part.data_side_only for part in parts),
        "stochastic": any(part.stochastic for part in parts),
        "smooth": all(part.smooth for part in parts),
        "accuracy": max(part.accuracy for part in parts),
    }


def shared(intervals: Any) -> Interval | None:
    """The interval that all have; None where they differ: a single interval says too little."""
    found = set(intervals)
    return found.pop() if len(found) == 1 else None


def moved_by(transformer: Any, **own: Any) -> Traits:
    """The traits of a structure that moves variables with a transformer; `own`: those that the structure decides."""
    of_transformer = {name: getattr(transformer, name) for name in ("forward_cost", "inverse_cost", "smooth")}
    intervals = {"domain": transformer.domain, "codomain": transformer.codomain}
    off = ("updates", "update_sees_data", "data_side_only", "stochastic")
    of_a_leaf = {**dict.fromkeys(off, False), "accuracy": 0.0}
    return Traits(**{**of_transformer, **intervals, **of_a_leaf, "out_shape": own["in_shape"], **own})


def dearest(costs: Any) -> str:
    return max(costs, key=COSTS.index)


def _product_structure(layers, structures):
    """The known zeros in a product of Jacobians."""
    if len(layers) == 1:
        return layers[0].jacobian_structure
    if structures <= {"identity", "diagonal"}:
        return max(structures, key=("identity", "diagonal").index)
    if structures <= {"identity", "permutation"}:
        return "permutation"
    one_order = all(layer is layers[0] for layer in layers)  # the same variables come first in every factor
    if one_order and structures <= {"triangular", "block triangular"}:
        return layers[0].jacobian_structure
    return "dense"


def _structure_beside(structures):
    """The known zeros in a Jacobian of diagonal blocks."""
    if structures <= {"identity", "diagonal"}:
        return max(structures, key=("identity", "diagonal").index)
    if structures <= {"identity", "permutation"}:
        return "permutation"
    return "dense"


class Derived(Bijection):
    """A bijection whose traits are derived from those of what it holds."""

    def derive(self) -> Traits:
        """All traits, from the parts."""
        raise NotImplementedError(f"{type(self).__name__} does not derive its traits")

    @cached_property
    def traits(self) -> Traits:
        return self.derive()


for _name in NAMES:
    setattr(Derived, _name, property(lambda self, name=_name: getattr(self.traits, name)))
