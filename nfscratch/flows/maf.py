"""Ready-made autoregressive flows, MAF and IAF; and MADE, a density without a flow.

    MAF    z -> [BatchNorm ->] Autoregressive -> [BatchNorm ->] Autoregressive, order changed -> ... -> Standardize -> x
    IAF    z -> Inverse(Autoregressive) -> Inverse(Autoregressive), order changed -> ... -> Standardize -> x
    MADE   AutoregressiveDensity, as it is

MAF is fast from x to z, for a fit by maximum likelihood; IAF is fast from z to x, for samples whose density is wanted
with them (variational inference). The order of the variables is reversed from layer to layer, or drawn afresh.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nfscratch import validate
from nfscratch.bijections import Autoregressive, BatchNorm, Standardize
from nfscratch.bijections.chain import Chain
from nfscratch.bijections.contract import Bijection
from nfscratch.bijections.inverse import Inverse
from nfscratch.bijections.reshape import Reshape
from nfscratch.distributions import AutoregressiveDensity, Conditional, Distribution, MaskEnsemble, StandardNormal
from nfscratch.flows.flow import Flow
from nfscratch.nets import MADE, Network
from nfscratch.transformers import Affine, Transformer

ORDERS = ("reversed", "random")


def maf(
    dim: int,
    *,
    layers: int = 5,
    hidden: Sequence[int] = (64, 64),
    context_dim: int = 0,
    activation: str = "relu",
    max_log_scale: float = 3.0,
    transformer: Transformer | None = None,
    order: str = "reversed",
    batch_norm: bool = False,
    base: Distribution | None = None,
    embed: Network | None = None,
    seed: int = 0,
) -> Flow:
    """Masked autoregressive flow (Papamakarios et al. 2017, arXiv:1705.07057).

    transformer: default Affine(max_log_scale). order: "reversed" from layer to layer, or "random" by `seed`.
    batch_norm: as in the paper, one between every two layers and one next to the base.
    """
    h = transformer or Affine(max_log_scale)
    chain = autoregressive_layers(dim, h, MADE(hidden, activation), layers, context_dim, order, seed)
    if batch_norm:
        chain = [part for layer in chain for part in (BatchNorm(dim), layer)]
    return _flow(dim, chain, base, embed)


def iaf(
    dim: int,
    *,
    layers: int = 5,
    hidden: Sequence[int] = (64, 64),
    context_dim: int = 0,
    activation: str = "relu",
    max_log_scale: float = 3.0,
    transformer: Transformer | None = None,
    order: str = "reversed",
    base: Distribution | None = None,
    embed: Network | None = None,
    seed: int = 0,
) -> Flow:
    """Inverse autoregressive flow, x = sigma(z) z + mu(z) in every layer (Kingma et al. 2016, arXiv:1606.04934).

    transformer: the map from z to x, its parameters a function of z; default Affine(max_log_scale).
    """
    h = Inverse(transformer or Affine(max_log_scale))
    chain = autoregressive_layers(dim, h, MADE(hidden, activation), layers, context_dim, order, seed)
    return _flow(dim, [Inverse(layer) for layer in chain], base, embed)


def made(
    dim: int,
    conditional: Conditional,
    *,
    hidden: Sequence[int] = (500,),
    activation: str = "relu",
    order: Sequence[int] | str | None = None,
    masks: int = 1,
    seed: int = 0,
) -> Flow:
    """MADE (Germain et al. 2015, arXiv:1502.03509) as a Flow that moves nothing, so that `fit` and `save` take it.

    conditional: Bernoulli() for binary data; Gaussian(), MixtureOfGaussians(K). masks: more than 1 for a MaskEnsemble,
    of which `fit` trains the average; training its masks in turn is many times cheaper.
    """
    density: Distribution = AutoregressiveDensity(dim, conditional, MADE(hidden, activation), order)
    if masks != 1:
        density = MaskEnsemble(density, masks, seed)
    return Flow(density, Reshape((dim,), (dim,)))


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
    validate.count("dim", dim, least=1)
    validate.count("layers", layers, least=1)
    if order not in ORDERS:
        raise ValueError(f"order must be one of {', '.join(ORDERS)}; got {order!r}")
    orders = [tuple(range(dim))]
    rng = np.random.default_rng(seed)  # one for all layers: no two seeds share their orders
    for _ in range(layers - 1):
        orders.append(orders[-1][::-1] if order == "reversed" else _another_order(orders[-1], rng))
    return [Autoregressive(transformer, dim, network, each, context_dim) for each in orders]


def _another_order(before, rng):
    """A random order, but not the one of the layer before: that layer could not repair what this one misses."""
    order = before
    while order == before and len(before) > 1:
        order = tuple(rng.permutation(len(before)).tolist())
    return order


def _flow(dim, layers, base, embed):
    return Flow(base or StandardNormal(dim), Chain([*layers, Standardize(dim)]), embed)
