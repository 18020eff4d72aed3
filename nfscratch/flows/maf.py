"""Ready-made autoregressive flows, MAF and IAF; and MADE, a density without a flow.

    MAF    z -> [BatchNorm ->] Autoregressive -> [BatchNorm ->] Autoregressive, order changed -> ... -> Standardize -> x
    IAF    z -> Inverse(Autoregressive) -> Inverse(Autoregressive), order changed -> ... -> Standardize -> x
    MADE   AutoregressiveDensity, as it is

MAF is fast from x to z, for a fit by maximum likelihood; IAF is fast from z to x, for samples whose density is wanted
with them (variational inference). The order of the variables is reversed from layer to layer, or drawn afresh.
"""

from __future__ import annotations

from collections.abc import Sequence

from nfscratch import validate
from nfscratch.bijections import BatchNorm
from nfscratch.bijections.inverse import Inverse
from nfscratch.bijections.reshape import Reshape
from nfscratch.distributions import AutoregressiveDensity, Conditional, Distribution, MaskEnsemble
from nfscratch.flows.flow import Flow
from nfscratch.flows.layers import autoregressive_layers, check_transformer
from nfscratch.flows.recipe import for_data, on_base, with_fitted_tails
from nfscratch.flows.support import Support
from nfscratch.nets import MADE, Network
from nfscratch.transformers import Affine, Transformer


def maf(
    dim: int,
    *,
    layers: int = 5,
    hidden: Sequence[int] = (64, 64),
    context_dim: int = 0,
    activation: str = "tanh",
    gain: float = 0.4,
    max_log_scale: float = 3.0,
    transformer: Transformer | None = None,
    order: str = "reversed",
    batch_norm: bool = False,
    base: Distribution | None = None,
    embed: Network | None = None,
    support: Support | None = None,
    whiten: str = "full",
    standardize: str = "moments",
    seed: int = 0,
) -> Flow:
    """Masked autoregressive flow (Papamakarios et al. 2017, arXiv:1705.07057).

    transformer: default Affine(max_log_scale). order: "reversed" from layer to layer, or "random" by `seed`.
    batch_norm: as in the paper, one between every two layers and one next to the base.
    """
    validate.choice("batch_norm", batch_norm, (True, False))
    h = Affine(max_log_scale) if transformer is None else transformer
    chain = autoregressive_layers(dim, h, MADE(hidden, activation, gain), layers, context_dim, order, seed)
    if batch_norm:
        chain = [part for layer in chain for part in (BatchNorm(dim), layer)]
    base = with_fitted_tails(dim, base, context_dim)
    return for_data(dim, chain, base, embed, support, whiten, standardize)


def iaf(
    dim: int,
    *,
    layers: int = 5,
    hidden: Sequence[int] = (64, 64),
    context_dim: int = 0,
    activation: str = "tanh",
    gain: float = 0.4,
    max_log_scale: float = 3.0,
    transformer: Transformer | None = None,
    order: str = "reversed",
    base: Distribution | None = None,
    embed: Network | None = None,
    support: Support | None = None,
    whiten: str = "full",
    standardize: str = "moments",
    seed: int = 0,
) -> Flow:
    """Inverse autoregressive flow, x = sigma(z) z + mu(z) in every layer (Kingma et al. 2016, arXiv:1606.04934).

    transformer: the map from z to x, its parameters a function of z; default Affine(max_log_scale).
    """
    h = Affine(max_log_scale) if transformer is None else transformer
    check_transformer(h)
    chain = autoregressive_layers(dim, Inverse(h), MADE(hidden, activation, gain), layers, context_dim, order, seed)
    return for_data(dim, [Inverse(layer) for layer in chain], base, embed, support, whiten, standardize)


def made(
    dim: int,
    conditional: Conditional,
    *,
    hidden: Sequence[int] = (500,),
    activation: str = "tanh",
    gain: float = 1.0,
    order: Sequence[int] | str | None = None,
    masks: int = 1,
    seed: int = 0,
) -> Flow:
    """MADE (Germain et al. 2015, arXiv:1502.03509) as a Flow that moves nothing, so that `fit` and `save` take it.

    conditional: Bernoulli() for binary data; Gaussian(), MixtureOfGaussians(K). masks: more than 1 for a MaskEnsemble,
    of which `fit` trains the average; training its masks in turn is many times cheaper.
    """
    dim = validate.size("dim", dim)
    masks, seed = validate.size("masks", masks), validate.seed(seed)
    density: Distribution = AutoregressiveDensity(dim, conditional, MADE(hidden, activation, gain), order)
    if masks > 1:
        density = MaskEnsemble(density, masks, seed)
    return on_base(dim, Reshape((dim,), (dim,)), density)
