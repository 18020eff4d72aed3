"""RealNVP for images: couplings with checkerboards, then with channels, at every scale.

    level (from the data):   3 couplings, checkerboard -> Squeeze -> 3 couplings, channels -> half of the channels leave
    deepest:                 3 couplings, checkerboard -> Squeeze -> 3 couplings, channels -> 4 couplings, checkerboard

Masks are flipped from coupling to coupling, and an ActNorm stands after each, in place of the paper's batch
normalization. The squeeze puts other pixels side by side than a checkerboard keeps, so no mask repeats another. The
frame is that of flows/image_recipe.py.
"""

from __future__ import annotations

from itertools import chain

from nfscratch.bijections import ActNorm, Bijection, Coupling, Squeeze, channel_mask, checkerboard_mask
from nfscratch.flows.dequantized import Dequantized
from nfscratch.flows.image_recipe import checked_levels, for_pixels, image_shape, multi_scale_levels
from nfscratch.nets import Network, ResidualConvNet
from nfscratch.transformers import Affine

CHECKERBOARDS, CHANNELS, DEEPEST = 3, 3, 4


def real_nvp_image(
    shape: tuple[int, int, int],
    levels: int | None = None,
    hidden: int = 32,
    blocks: int = 2,
    *,
    values: int = 256,
    alpha: float | None = None,
    noise: str = "uniform",
    prior: bool = False,
    context_dim: int = 0,
    activation: str = "relu",
    max_log_scale: float = 3.0,
    embed: Network | None = None,
) -> Dequantized:
    """RealNVP for images (C, H, W) of whole numbers 0 to `values` - 1 (Dinh et al. 2017, arXiv:1605.08803).

    levels: how many times the image is squeezed; None: up to 3 times, as often as 2 divides H and W.
    hidden, blocks: channels and residual blocks of the couplings' networks (nf.ResidualConvNet).
    alpha, noise, prior: as of nf.flows.glow. ValueError where 2^levels does not divide H and W.
    """
    shape = image_shape(shape)
    transformer, network = Affine(max_log_scale), ResidualConvNet(hidden, blocks, activation)

    def couplings(mask, shape, count) -> list[Bijection]:
        pairs = [
            (Coupling(transformer, mask(shape, flip=k % 2 == 1), network, context_dim), ActNorm(shape))
            for k in range(count)
        ]
        return list(chain.from_iterable(pairs))

    def level(shape, deepest) -> list[Bijection]:
        inner = Squeeze(shape).in_shape
        pixels, channels = couplings(checkerboard_mask, shape, CHECKERBOARDS), couplings(channel_mask, inner, CHANNELS)
        first = couplings(checkerboard_mask, inner, DEEPEST) if deepest else []
        return [*first, *channels, Squeeze(shape), *pixels]

    found = multi_scale_levels(shape, checked_levels(shape, levels), level, prior, context_dim)
    return for_pixels(shape, found, values, alpha, noise, embed)
