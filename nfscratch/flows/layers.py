"""Layers that take turns, so that every variable moves and every variable decides: what most recipes are made of.

    coupling_layers         coupling -> coupling, mask flipped -> permutation -> coupling -> coupling, flipped -> ...
    autoregressive_layers   Autoregressive -> Autoregressive, order changed -> Autoregressive, order changed -> ...

Two couplings with opposite masks move every variable once. For more than two variables a fixed random permutation
before each further pair makes new halves. An autoregressive layer moves every variable, but the first in its order has
nothing to depend on: the order is reversed from layer to layer, or drawn afresh.

The recipes' networks have tanh units by default, because these are bounded. A ReLU network grows linearly outside of
the training rows. A layer puts its outputs into exp(-s) and t, and hands the result to the next layer's network: over
eight layers a row twice as far out as the others was seen at 1e11 nats, and a few such rows are enough to make the
validation useless while the training loss falls. benchmarks/defaults.py has the comparison.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nfscratch import validate
from nfscratch.bijections import Autoregressive, Conditioned, Coupling, Permutation, Stack, half_mask
from nfscratch.bijections.contract import Bijection
from nfscratch.flows.recipe import check_network, sizes
from nfscratch.nets import MADE, MLP, Network
from nfscratch.transformers import Transformer

ORDERS = ("reversed", "random")


def coupling_layers(
    dim: int, transformer: Transformer, network: Network, layers: int, context_dim: int = 0, seed: int = 0
) -> list[Bijection]:
    """`layers` couplings, masks flipped in turn, with a random permutation before every further pair (dim > 2)."""
    dim, layers = sizes(dim, layers)
    check_transformer(transformer)
    check_network("network", network)
    seed = validate.seed(seed)
    chain: list[Bijection] = []
    for k in range(layers):
        if k and k % 2 == 0 and dim > 2:
            chain.append(Permutation.random(dim, seed=seed + k))
        chain.append(Coupling(transformer, half_mask(dim, flip=k % 2 == 1), network, context_dim))
    return chain


def autoregressive_layers(
    dim: int,
    transformer: Transformer,
    network: MADE,
    layers: int,
    context_dim: int = 0,
    order: str = "reversed",
    seed: int = 0,
) -> list[Bijection]:
    """`layers` Autoregressive layers. The first has the natural order.

    order: "reversed" from layer to layer, or "random": drawn by `seed`, never that of the layer before.
    """
    dim, layers = sizes(dim, layers)
    check_transformer(transformer)
    validate.part("network", network, MADE, "nf.MADE((64, 64))")
    validate.choice("order", order, ORDERS)
    orders = _orders(dim, layers, order, validate.seed(seed))
    return [Autoregressive(transformer, dim, network, each, context_dim) for each in orders]


def layers_of_either_structure(
    coupling: bool,
    dim: int,
    transformer: Transformer,
    *,
    hidden: Sequence[int],
    activation: str,
    gain: float,
    layers: int,
    context_dim: int,
    seed: int,
) -> list[Bijection]:
    """Couplings of an MLP each, or autoregressive layers of a MADE each, their orders reversed in turn."""
    validate.choice("coupling", coupling, (True, False))
    if coupling:
        return coupling_layers(dim, transformer, MLP(hidden, activation, gain), layers, context_dim, seed)
    return autoregressive_layers(dim, transformer, MADE(hidden, activation, gain), layers, context_dim, seed=seed)


def following(bijection: Bijection, network: Network, context_dim: int) -> Bijection:
    """`bijection` as it is, or with all its parameters made by `network` from a context of context_dim numbers."""
    if validate.size("context_dim", context_dim, 0) == 0:
        return bijection
    layer = bijection.chain if isinstance(bijection, Stack) else bijection  # in a Stack, a leaf's first axis is K
    return Conditioned(layer, network, context_dim)


def check_transformer(transformer: Transformer, example: str = "nf.Affine()") -> None:
    """Refuse what is no Transformer. A recipe that inverts one calls this first."""
    validate.part("transformer", transformer, Transformer, example)


def _orders(dim, layers, order, seed):
    orders = [tuple(range(dim))]
    rng = np.random.default_rng(seed)  # one for all layers: no two seeds share their orders
    for _ in range(layers - 1):
        orders.append(orders[-1][::-1] if order == "reversed" else _another_order(orders[-1], rng))
    return orders


def _another_order(before, rng):
    """A random order that differs from the previous layer's: two layers with one order would miss the same."""
    order = before
    while order == before and len(before) > 1:
        order = tuple(rng.permutation(len(before)).tolist())
    return order
