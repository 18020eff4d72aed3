"""Glow: levels of steps, each an ActNorm, an invertible 1x1 convolution and a coupling of channels.

    level (from the data):   Squeeze -> (ActNorm -> Conv1x1 -> Coupling) x depth -> half of the channels leave

The frame, with what leaves where, is that of flows/image_recipe.py.
"""

from __future__ import annotations

from nfscratch import validate
from nfscratch.bijections import ActNorm, Bijection, Conv1x1, Coupling, EmergingConv, Inverse, Squeeze, channel_mask
from nfscratch.flows.dequantized import Dequantized
from nfscratch.flows.image_recipe import checked_levels, for_pixels, image_shape, multi_scale_levels
from nfscratch.nets import ConvNet, Network
from nfscratch.transformers import Affine

MIXINGS = {"1x1": (Conv1x1,), "emerging": (EmergingConv, Conv1x1)}


def glow(
    shape: tuple[int, int, int],
    levels: int | None = None,
    depth: int = 8,
    hidden: int = 64,
    *,
    values: int = 256,
    alpha: float | None = None,
    noise: str = "uniform",
    prior: bool = True,
    mixing: str = "1x1",
    context_dim: int = 0,
    activation: str = "relu",
    max_log_scale: float = 3.0,
    embed: Network | None = None,
) -> Dequantized:
    """Glow for images (C, H, W) of whole numbers 0 to `values` - 1 (Kingma and Dhariwal 2018, arXiv:1807.03039).

    levels: how many times the image is squeezed; None: up to 3 times, as often as 2 divides H and W.
    depth: steps in each level. hidden: channels of the couplings' networks, convolutions of 3 x 3, 1 x 1 and 3 x 3.
    alpha: of the logit; None is a quarter of a level (PixelLevels). noise: "uniform" or "learned" (pixel_noise).
    prior: whether what leaves at a level has a mean and a scale that follow what is handed on. mixing: "1x1", or
        "emerging", a 3 x 3 convolution beside it (Hoogeboom et al. 2019, arXiv:1901.11137): draws then take a step for
        each front of pixels.
    ValueError where 2^levels does not divide H and W.
    """
    shape = image_shape(shape)
    validate.choice("mixing", mixing, MIXINGS)
    network = ConvNet((validate.size("hidden", hidden),) * 2, activation, (3, 1, 3))
    transformer, depth = Affine(max_log_scale), validate.size("depth", depth)

    def level(shape, deepest) -> list[Bijection]:
        squeeze = Squeeze(shape)
        inner = squeeze.in_shape
        coupling = Coupling(transformer, channel_mask(inner), network, context_dim)
        mixed = [Inverse(convolution(inner)) for convolution in MIXINGS[mixing]]  # on the way to z it is a product
        return [layer for _ in range(depth) for layer in (coupling, *mixed, ActNorm(inner))] + [squeeze]

    found = multi_scale_levels(shape, checked_levels(shape, levels), level, prior, context_dim)
    return for_pixels(shape, found, values, alpha, noise, embed)
